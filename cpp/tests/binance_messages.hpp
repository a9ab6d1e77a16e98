#pragma once

#include <string>

// Binance's messages, after the examples of its documents: spot with 8 decimals of size,
// futures with 3.

inline const std::string spot_diff =
    R"({"e":"depthUpdate","E":1790000000123,"s":"BTCUSDT","U":9100000101,"u":9100000109,)"
    R"("b":[["64250.10","0.35000000"],["64249.00","0.00000000"]],"a":[["64250.11","1.20000000"]]})";
inline const std::string futures_diff =
    R"({"e":"depthUpdate","E":1790000000125,"T":1790000000119,"s":"BTCUSDT","U":880200100311,)"
    R"("u":880200100377,"pu":880200100298,"b":[["64250.10","4.120"],["64249.90","0.000"]],)"
    R"("a":[["64250.20","0.000"]]})";
inline const std::string picture =
    R"({"lastUpdateId":9100000109,"bids":[["64250.10","0.35000000"]],)"
    R"("asks":[["64250.11","1.20000000"]]})";
inline const std::string futures_snapshot =
    R"({"lastUpdateId":880200100350,"E":1790000000121,"T":1790000000117,)"
    R"("bids":[["64250.10","4.120"]],"asks":[]})";
inline const std::string trade =
    R"({"e":"trade","E":1790000000131,"s":"BTCUSDT","t":4411223344,"p":"64250.10",)"
    R"("q":"0.01200000","T":1790000000130,"m":true,"M":true})";
inline const std::string agg_trade =
    R"({"e":"aggTrade","E":1790000000131,"s":"BTCUSDT","a":3300112233,"p":"64250.10",)"
    R"("q":"0.04100000","f":4411223344,"l":4411223347,"T":1790000000130,"m":false,"M":true})";
inline const std::string spot_ticker =
    R"({"u":9100000109,"s":"BTCUSDT","b":"64250.10","B":"0.35000000","a":"64250.11",)"
    R"("A":"1.20000000"})";
inline const std::string futures_ticker =
    R"({"e":"bookTicker","u":880200100377,"s":"BTCUSDT","b":"64250.10","B":"4.120",)"
    R"("a":"64250.20","A":"6.808","T":1790000000119,"E":1790000000122})";

// A message as a combined stream carries it.
inline std::string enveloped(const std::string& stream, const std::string& data) {
    return R"({"stream":")" + stream + R"(","data":)" + data + "}";
}
