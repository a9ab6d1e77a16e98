#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "obcore/binance.hpp"
#include "obcore/event.hpp"
#include "obcore/instruction_set.hpp"
#include "obcore/integer.hpp"
#include "obcore/pictures.hpp"
#include "obcore/research.hpp"
#include "obcore/tardis.hpp"

namespace obcore {

// What the caller says of the input. `automatic` recognises it from its content.
enum class Format : std::uint8_t {
    automatic,
    diff,      // Binance JSON; a bare depthUpdate is a delta
    topn,      // Binance JSON; a bare depthUpdate or snapshot is a top-N picture
    pictures,  // {"type":"book", …} lines
    tardis,    // Tardis CSV, the data type by its header
    research,  // headerless CSV of pictures and aggregate trades
};

// Decodes the messages of one input, whatever its format.
class FormatDecoder {
public:
    // `filter` says which symbol is meant, for the formats that interleave symbols in one
    // event.
    explicit FormatDecoder(Format format = Format::automatic, SymbolFilter filter = {})
        : format_(format), filter_(std::move(filter)) {
        static_cast<void>(instruction_set());  // a wrong name is told before any message
    }

    // True when `event` holds a complete event. CSV groups are complete at the next group.
    bool decode(std::string_view text, const Grid& grid, Event& event) {
        if (std::holds_alternative<std::monostate>(decoder_) && start(text)) return false;
        if (auto* binance = std::get_if<binance::Decoder>(&decoder_)) {
            return decode_json(*binance, text, grid, event);
        }
        if (auto* pictures = std::get_if<pictures::Decoder>(&decoder_)) {
            return decode_json(*pictures, text, grid, event);
        }
        if (auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) {
            return tardis->line(text, grid, event);
        }
        return std::get<research::Decoder>(decoder_).line(text, grid, event);
    }

    // The end of the input: true when a last event was still open.
    bool finish(Event& event) {
        auto* tardis = std::get_if<tardis::Decoder>(&decoder_);
        return tardis != nullptr && tardis->finish(event);
    }

    void rescale(const Rescale& factors) {
        if (auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) tardis->rescale(factors);
    }

    // Rows of other symbols that never became events, since the last call.
    [[nodiscard]] std::int64_t take_passed_over() noexcept {
        auto* tardis = std::get_if<tardis::Decoder>(&decoder_);
        return tardis == nullptr ? 0 : tardis->take_passed_over();
    }

    [[nodiscard]] std::string name() const {
        if (std::holds_alternative<binance::Decoder>(decoder_)) return "binance json";
        if (std::holds_alternative<pictures::Decoder>(decoder_)) return "book pictures json";
        if (const auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) {
            return std::string(tardis->format());
        }
        if (std::holds_alternative<research::Decoder>(decoder_)) return "research csv";
        return "nothing";
    }

private:
    // Chooses the decoder by the first message; true where that was a header and is consumed.
    [[nodiscard]] bool start(std::string_view first) {
        const bool any = format_ == Format::automatic;
        if (format_ == Format::tardis || (any && tardis::Decoder::recognises(first))) {
            decoder_ = tardis::Decoder(first, filter_);
            return true;
        }
        if (format_ == Format::research || (any && research::Decoder::recognises(first))) {
            decoder_.emplace<research::Decoder>();
            return false;
        }
        const std::string_view json = first.substr(std::min(first.find('{'), first.size()));
        if (format_ == Format::pictures || (any && pictures::Decoder::recognises(json))) {
            decoder_.emplace<pictures::Decoder>();
        } else if (any && json.empty()) {
            throw AmbiguousFormat("format",
                                  "Binance JSON lines, book pictures, a Tardis CSV header or "
                                  "research CSV rows (--kind says which)",
                                  first);
        } else {
            using enum binance::Decoder::BareDepth;
            decoder_.emplace<binance::Decoder>(format_ == Format::topn ? topn : diff, filter_);
        }
        return false;
    }

    // "<receive time> <json>" or the JSON alone. The time is put on afterwards, because
    // decoding clears the event.
    template <typename Decoder>
    static bool decode_json(Decoder& decoder, std::string_view text, const Grid& grid,
                            Event& event) {
        Nanos ts_recv_ns = absent;
        if (!text.empty() && text.front() != '{') {
            const auto space = text.find(' ');
            const std::string_view time = text.substr(0, space);
            std::int64_t value = 0;
            if (!read_integer(time, value) || space == text.npos) {
                throw DecodeError("line", "'<receive time> <json>' or JSON", text);
            }
            ts_recv_ns = decode_time(value, "receive time");
            text.remove_prefix(space + 1);
        }
        decoder.decode(text, grid, event);
        event.ts_recv_ns = ts_recv_ns;
        return true;
    }

    Format format_;
    SymbolFilter filter_;
    std::variant<std::monostate, binance::Decoder, pictures::Decoder, tardis::Decoder,
                 research::Decoder>
        decoder_;
};

}  // namespace obcore
