#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "obcore/binance.hpp"
#include "obcore/capture.hpp"
#include "obcore/capture_decoder.hpp"
#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/input_context.hpp"
#include "obcore/instruction_set.hpp"
#include "obcore/integer.hpp"
#include "obcore/lobster.hpp"
#include "obcore/market_address.hpp"
#include "obcore/own_line.hpp"
#include "obcore/pictures.hpp"
#include "obcore/research.hpp"
#include "obcore/tardis.hpp"
#include "obcore/venue_wire.hpp"

namespace obcore {

// What the caller says of the input. `automatic` recognises it from its content.
enum class Format : std::uint8_t {
    automatic,
    diff,      // JSON of a venue; of Binance, a bare depthUpdate is a delta
    topn,      // the same, but a bare depthUpdate or snapshot is a top-N picture
    pictures,  // {"type":"book", …} lines
    tardis,    // Tardis CSV, the data type by its header
    research,  // headerless CSV of pictures and aggregate trades
    lobster,   // headerless CSV of single orders
};

// Which instrument is meant, in formats that interleave several.
struct Wanted {
    SymbolFilter symbol;
    std::string venue;  // "bybit-linear"; empty: any

    Wanted() = default;
    // "BTCUSDT" or, of a recording of several venues, "bybit-linear:BTCUSDT".
    explicit Wanted(std::string_view text) : symbol(text), venue(venue_of_symbol(text)) {}
};

// Decodes the messages of a recording, whatever its format, one input behind the other.
class FormatDecoder {
public:
    explicit FormatDecoder(Format format = Format::automatic, Wanted wanted = {})
        : format_(format), wanted_(std::move(wanted)) {
        static_cast<void>(instruction_set());  // a wrong name is told before any message
    }

    // The next input begins, of a format of its own. What was learned of a connection is kept:
    // it may go on there.
    void begin_input(InputContext context = {}) {
        decoder_ = {};
        context_ = std::move(context);
    }

    // True when `event` holds a complete event; next() gives the others of the same message.
    // CSV groups are complete at the next group.
    bool decode(std::string_view text, const Grid& grid, Event& event) {
        if (std::holds_alternative<std::monostate>(decoder_)) {
            if (own_line::recognises(behind_time(text))) return read_own(text, event);
            if (start(text)) return false;
        }
        if (auto* binance = std::get_if<binance::Decoder>(&decoder_)) {
            return decode_json(*binance, text, grid, event);
        }
        if (auto* pictures = std::get_if<pictures::Decoder>(&decoder_)) {
            return decode_json(*pictures, text, grid, event);
        }
        if (auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) {
            return tardis->line(text, grid, event);
        }
        if (auto* research = std::get_if<research::Decoder>(&decoder_)) {
            return research->line(text, grid, event);
        }
        if (auto* lobster = std::get_if<lobster::Decoder>(&decoder_)) {
            next_ = decoded_ = 0;
            lobster->decode(text, grid, frame_);
            decoded_ = frame_.size();
            return next(event);
        }
        return decode_frame(text, grid, event);
    }

    // The next event of the message that was decoded last; false where there is no other.
    bool next(Event& event) {
        if (next_ == decoded_) [[likely]] {
            return false;
        }
        std::swap(event, frame_[next_++]);
        return true;
    }

    // The end of the input: true when a last event was still open.
    bool finish(Event& event) {
        auto* tardis = std::get_if<tardis::Decoder>(&decoder_);
        return tardis != nullptr && tardis->finish(event);
    }

    // Events that wait for next() move onto the finer grid too.
    void rescale(const Rescale& factors) {
        if (auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) tardis->rescale(factors);
        for (std::size_t i = next_; i < decoded_; ++i) obcore::rescale(frame_[i], factors);
    }

    // An empty line was walked over. True where it says that the recorder's connection dropped:
    // docs.tardis.dev, "Raw data API" ("disconnect"), of which recorders of raw lines have it.
    bool read_empty_line(Event& event) {
        if (!std::holds_alternative<Raw>(decoder_)) return false;
        event.reset();
        event.kind = Kind::lost;
        event.name = "an empty line: the recorder's connection dropped";
        wire_->reset();
        return true;
    }

    // Rows of other symbols that never became events, since the last call.
    [[nodiscard]] std::int64_t take_passed_over() noexcept {
        if (auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) {
            return tardis->take_passed_over();
        }
        return capture_ ? capture_->take_passed_over() : 0;
    }

    // Which connection brought the message that was decoded last, where the format says so.
    [[nodiscard]] const capture::Decoder* capture() const noexcept {
        return std::holds_alternative<Captured>(decoder_) ? capture_.get() : nullptr;
    }

    [[nodiscard]] std::string name() const {
        if (std::holds_alternative<binance::Decoder>(decoder_)) return "binance json";
        if (std::holds_alternative<pictures::Decoder>(decoder_)) return "book pictures json";
        if (const auto* tardis = std::get_if<tardis::Decoder>(&decoder_)) {
            return std::string(tardis->format());
        }
        if (std::holds_alternative<research::Decoder>(decoder_)) return "research csv";
        if (std::holds_alternative<lobster::Decoder>(decoder_)) return "lobster messages";
        if (std::holds_alternative<Captured>(decoder_)) return "capture json";
        if (std::holds_alternative<std::monostate>(decoder_)) return "nothing";
        return std::string(to_string(whose_)) + " json";
    }

    // Whose messages they are, as far as they say it: "kraken", "bybit-linear", "tardis".
    [[nodiscard]] std::string venue() const {
        if (capture_ && !capture_->market().empty()) return capture_->market();
        return name().substr(0, name().find(' '));
    }

private:
    struct Native {};    // a message of wire_ a line
    struct Raw {};       // the same as a recorder of raw lines writes it
    struct Captured {};  // of capture_

    // Chooses the decoder by the first message; true where that was a header and is consumed.
    [[nodiscard]] bool start(std::string_view first) {
        const bool any = format_ == Format::automatic;
        if (format_ == Format::tardis || (any && tardis::Decoder::recognises(first))) {
            decoder_ = tardis::Decoder(first, wanted_.symbol);
            return true;
        }
        if (format_ == Format::research || (any && research::Decoder::recognises(first))) {
            decoder_.emplace<research::Decoder>();
            return false;
        }
        if (format_ == Format::lobster || (any && lobster::Decoder::recognises(first))) {
            decoder_.emplace<lobster::Decoder>(std::move(context_));
            return false;
        }
        const std::string_view json = behind_time(first);
        if (format_ == Format::pictures || (any && pictures::Decoder::recognises(json))) {
            decoder_.emplace<pictures::Decoder>();
        } else if (capture::Reader::recognises(first)) {
            if (!capture_) {
                capture_ = std::make_unique<capture::Decoder>(wanted_.symbol, wanted_.venue);
            }
            decoder_.emplace<Captured>();
        } else if (const auto wire = recognise(json)) {
            start_wire(*wire, json.size() != first.size());
        } else if (any && json.empty()) {
            throw AmbiguousFormat("format",
                                  "JSON lines of a venue, book pictures, a Tardis CSV header, "
                                  "research CSV rows or LOBSTER messages (--kind says which)",
                                  first);
        } else {
            using enum binance::Decoder::BareDepth;
            decoder_.emplace<binance::Decoder>(format_ == Format::topn ? topn : diff,
                                               wanted_.symbol);
        }
        return false;
    }

    void start_wire(Wire wire, bool has_receive_times) {
        const std::string& venue = wanted_.venue;
        const std::string_view found = venue_of(wire);
        if (wire != Wire::tardis && !venue.empty() && !venue.starts_with(found)) {
            throw DecodeError("venue", venue + " (--symbol)", found);
        }
        if (!wire_ || whose_ != wire) wire_ = std::make_unique<WireDecoder>(wire);
        whose_ = wire;
        if (has_receive_times || wire == Wire::tardis) {
            decoder_.emplace<Raw>();
        } else {
            decoder_.emplace<Native>();
        }
    }

    // "<receive time> <json>" without the time; empty where there is no JSON.
    [[nodiscard]] static std::string_view behind_time(std::string_view text) noexcept {
        return text.substr(std::min(text.find_first_of("{["), text.size()));
    }

    // Takes the time off "<receive time> <json>"; absent where there is JSON alone.
    [[nodiscard]] static Nanos take_receive_time(std::string_view& text) {
        if (text.empty() || text.front() == '{' || text.front() == '[') return absent;
        const auto space = text.find(' ');
        const std::string_view time = text.substr(0, space);
        std::int64_t value = 0;
        const bool is_integer = read_integer(time, value);
        if (space == text.npos || (!is_integer && !detail::is_digit(time.front()))) {
            throw DecodeError("line", "'<receive time> <json>' or JSON", text);
        }
        text.remove_prefix(space + 1);
        return is_integer ? decode_time(value, "receive time")
                          : pictures::decode_time_text(time, "receive time");
    }

    // The time is put on afterwards, because decoding clears the event.
    template <typename Decoder>
    static bool decode_json(Decoder& decoder, std::string_view text, const Grid& grid,
                            Event& event) {
        const Nanos ts_recv_ns = take_receive_time(text);
        if (own_line::recognises(text)) [[unlikely]] {
            own_line::decode(text, event);
        } else {
            decoder.decode(text, grid, event);
        }
        event.ts_recv_ns = ts_recv_ns;
        return true;
    }

    bool decode_frame(std::string_view text, const Grid& grid, Event& event) {
        next_ = decoded_ = 0;
        std::string_view json = text;
        const Nanos ts_recv_ns = take_receive_time(json);
        if (own_line::recognises(json)) return read_own(text, event);
        if (std::holds_alternative<Captured>(decoder_)) {
            capture_->decode(json, grid, frame_);
        } else {
            ChosenGrid grids(grid, wanted_.symbol);
            wire_->decode(json, grids, frame_);
            for (std::size_t i = 0; i < frame_.size() && ts_recv_ns != absent; ++i) {
                frame_[i].ts_recv_ns = ts_recv_ns;  // else the message's own, if it has one
            }
        }
        decoded_ = frame_.size();
        return next(event);
    }

    bool read_own(std::string_view text, Event& event) {
        const Nanos ts_recv_ns = take_receive_time(text);
        own_line::decode(text, event);
        event.ts_recv_ns = ts_recv_ns;
        if (event.kind == Kind::lost && wire_) wire_->reset();
        if (event.kind == Kind::lost && capture_) capture_->reset();
        return true;
    }

    Format format_;
    Wanted wanted_;
    InputContext context_;
    std::variant<std::monostate, binance::Decoder, pictures::Decoder, tardis::Decoder,
                 research::Decoder, lobster::Decoder, Native, Raw, Captured>
        decoder_;
    Wire whose_ = Wire::binance_spot;  // wire_'s, where there is one
    std::unique_ptr<WireDecoder> wire_;
    std::unique_ptr<capture::Decoder> capture_;
    Frame frame_;  // of the message that was decoded last
    std::size_t next_ = 0;
    std::size_t decoded_ = 0;
};

}  // namespace obcore
