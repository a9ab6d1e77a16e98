// Lines of recorded connections: what happened when, and the text as it was received.

#include <cstddef>
#include <string>
#include <string_view>

#include "check.hpp"
#include "obcore/capture.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::capture::Captured;
using obcore::capture::Reader;

const std::string recv =
    R"({"t":"recv","conn":"OKX.ws.1","ts":1633998512.06,"data":"{\"a\":\"\\\\\",\"b\":[]}"})";

// What this text, escaped as in JSON, says.
std::string said(const std::string& escaped) {
    Reader reader;
    return std::string(
        reader.read(R"({"t":"recv","conn":"c","ts":1633998512,"data":")" + escaped + "\"}")
            .text);
}

void a_line_has_the_text_as_it_was_received() {
    Reader reader;
    const Captured line = reader.read(recv);

    CHECK(line.kind == Captured::Kind::recv);
    CHECK(line.connection == "OKX.ws.1");
    CHECK(line.ts_recv_ns == 1'633'998'512'060'000'000);
    CHECK(line.address.empty());
    CHECK(line.text == R"({"a":"\\","b":[]})");
}

void every_kind_has_what_belongs_to_it() {
    Reader reader;
    const Captured header = reader.read(R"({"t":"header","format":2,"exchange":"OKX"})");
    CHECK(header.kind == Captured::Kind::header);
    CHECK(header.ts_recv_ns == absent);
    CHECK(header.text.empty());

    const Captured http = reader.read(
        R"({"t":"http","conn":"X.http.0","ts":1633998512.3206391,"url":"https:\/\/x.com/a?b",)"
        R"("data":"[1]"})");
    CHECK(http.kind == Captured::Kind::http);
    CHECK(http.address == "https://x.com/a?b");
    CHECK(http.ts_recv_ns == 1'633'998'512'320'639'100);
    CHECK(http.text == "[1]");

    const Captured connect =
        reader.read(R"({"t":"connect","conn":"X.ws.1","ts":1633998511.1,"addr":"wss://x"})");
    CHECK(connect.kind == Captured::Kind::connect);
    CHECK(connect.address == "wss://x");
    CHECK(connect.text.empty());

    const Captured send = reader.read(
        R"({"t":"send","conn":"X.ws.1","ts":1633998511.1,"addr":"wss://x","data":"ping"})");
    CHECK(send.kind == Captured::Kind::send);
    CHECK(send.address == "wss://x");
    CHECK(send.text == "ping");

    const Captured open = reader.read(
        R"({"t":"open","conn":"1","ts":1633998511.1,"addr":"wss://x","after":"0"})");
    CHECK(open.kind == Captured::Kind::open);
    CHECK(open.address == "wss://x");
    CHECK(open.after == "0");

    const Captured gone = reader.read(R"({"t":"disconnect","conn":"0","ts":1633998511.1})");
    CHECK(gone.kind == Captured::Kind::disconnect);
    CHECK(gone.connection == "0");

    const Captured lost =
        reader.read(R"({"t":"lost","conn":"","ts":1633998511.1,"data":"the disk is full"})");
    CHECK(lost.kind == Captured::Kind::lost);
    CHECK(lost.text == "the disk is full");
}

void every_escape_is_undone() {
    CHECK(said("").empty());
    CHECK(said("plain") == "plain");
    CHECK(said(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
    CHECK(said(R"(a\nb\n)") == "a\nb\n");
    CHECK(said(R"(\u0041\u00e9\u20AC)") == "A\xC3\xA9\xE2\x82\xAC");
    CHECK(said(R"(\ud83d\uDE00!)") == "\xF0\x9F\x98\x80!");
    CHECK(said(R"(\uD800\uDC00\udbff\udfff)") == "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    CHECK(said(R"(\u0000)") == std::string(1, '\0'));
    CHECK(said("\xC3\xA9") == "\xC3\xA9");
}

void what_is_no_escape_is_an_error() {
    for (const char* escaped : {R"(\x41)", R"(\u12)", R"(\u12g4)", R"(\u)"}) {
        CHECK_THROWS(said(escaped), DecodeError, "expected");
    }
    for (const char* lone : {R"(\ud83d)", R"(\ud83dx)", R"(\ude00)", R"(\ud83d\n)",
                             R"(\ud83d\u0041)", R"(\ud83d\ud83d)"}) {
        CHECK_THROWS(said(lone), DecodeError, "expected both halves of a surrogate pair");
    }
}

void a_line_is_recognised() {
    CHECK(Reader::recognises(recv));
    CHECK(Reader::recognises(R"({"t":"header","format":2})"));
    CHECK(!Reader::recognises(R"({"t":"recv","data":"x"})"));
    CHECK(!Reader::recognises(R"({"t":"other","conn":"c","ts":1})"));
    CHECK(!Reader::recognises(R"({"t":7,"conn":"c","ts":1})"));
    CHECK(!Reader::recognises(R"({"e":"depthUpdate","U":1})"));
    CHECK(!Reader::recognises("1633998512060000000 {}"));
    CHECK(!Reader::recognises("[]"));
    CHECK(!Reader::recognises(""));
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& line, std::string_view part) {
        Reader reader;
        CHECK_THROWS(reader.read(line), DecodeError, part);
    };
    fails("{}", "t: expected this key");
    fails(R"({"t":"sent"})",
          "t: expected header, http, connect, send, recv, disconnect, open or lost");
    fails(R"({"t":"recv","ts":1633998512})", "conn: expected this key");
    fails(R"({"t":"recv","conn":"c","ts":"now"})", "ts: expected a time");
    fails(R"({"t":"recv","conn":"c","ts":1633998512})", "data: expected this key");
    fails(R"({"t":"http","conn":"c","ts":1633998512,"data":""})", "url: expected this key");
    fails(R"({"t":"connect","conn":"c","ts":1633998512})", "addr: expected this key");
    for (std::size_t size = 0; size < recv.size(); ++size) {
        fails(recv.substr(0, size), "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_line_has_the_text_as_it_was_received,
        every_kind_has_what_belongs_to_it,
        every_escape_is_undone,
        what_is_no_escape_is_an_error,
        a_line_is_recognised,
        what_is_wrong_is_named,
    });
}
