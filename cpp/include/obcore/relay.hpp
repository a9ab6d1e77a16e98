#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"
#include "obcore/pictures.hpp"

// Relays of order books, of which every house has its own: what their messages are called is
// set, not coded. There is no document.
namespace obcore::relay {

struct Settings {
    // What the update ids promise.
    enum class Ids : std::uint8_t {
        none,         // nothing: they are not read
        growing,      // a lower one is older
        consecutive,  // the previous one + 1
    };

    std::string type_key = "type";
    std::string book_type = "orderbook";  // the type of a message that holds a book
    std::string symbol_key = "symbol";
    std::string bids_key = "bids";
    std::string asks_key = "asks";
    std::string id_key = "update_id";
    std::string time_key = "timestamp";
    std::string snapshot_key;  // what is true in a snapshot; empty: every message is a picture
    Ids ids = Ids::none;
};

// Decodes the frames of one connection, whatever the order of their keys. Throws DecodeError;
// the frame is then worthless, and nothing else happened.
class Decoder {
public:
    Decoder() = default;
    explicit Decoder(Settings settings) : settings_(std::move(settings)) {}

    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        JsonFields<Key> fields({settings_.type_key, settings_.symbol_key, settings_.bids_key,
                                settings_.asks_key, settings_.id_key, settings_.time_key,
                                settings_.snapshot_key});
        fields.read(json);
        const std::string_view type = fields.string(Key::type);
        if (type == settings_.book_type) {
            read_book(fields, grids, frame.add());
        } else {
            frame.add(Kind::control, type);
        }
    }

    // A new connection begins, and its ids may begin anew.
    void reset() noexcept { last_ids_.clear(); }

private:
    enum class Key : std::uint8_t { type, symbol, bids, asks, id, time, snapshot, key_count };

    struct LastId {
        std::string symbol;
        Sequence id = absent;
    };

    void read_book(const JsonFields<Key>& fields, Grids& grids, Event& event) {
        event.enveloped = true;
        if (fields.has(Key::symbol)) event.symbol = fields.string(Key::symbol);
        const JsonToken& time = fields[Key::time];
        if (time.present()) {
            event.ts_event_ns = pictures::decode_time_text(time.text, settings_.time_key);
        }
        event.kind = kind_of(fields[Key::snapshot]);
        if (settings_.ids != Settings::Ids::none) {
            event.ids.first = event.ids.last = fields.integer(Key::id);
            if (is_older(event)) {
                event.name = event.kind == Kind::topn ? "older picture" : "older delta";
                event.kind = Kind::unknown;
                return;
            }
        }
        // Of pictures none is missed by who has the newest one.
        const bool proves =
            settings_.ids == Settings::Ids::consecutive && event.kind != Kind::topn;
        if (proves) event.rule = IdRule::consecutive;
        if (const Grid* grid = grids.find(event.symbol)) {
            read_side(fields, Key::bids, *grid, event.bids);
            read_side(fields, Key::asks, *grid, event.asks);
        }
        if (settings_.ids != Settings::Ids::none) remember(event);
    }

    [[nodiscard]] Kind kind_of(const JsonToken& snapshot) const noexcept {
        if (settings_.snapshot_key.empty()) return Kind::topn;
        return snapshot.text == "true" || snapshot.text == "1" ? Kind::snapshot : Kind::delta;
    }

    // A hole of consecutive ids is the book's to find, and a snapshot may count anew.
    [[nodiscard]] bool is_older(const Event& event) const noexcept {
        const bool counts = event.kind == Kind::topn || settings_.ids == Settings::Ids::growing;
        if (!counts || event.kind == Kind::snapshot) return false;
        const auto last = std::ranges::find(last_ids_, event.symbol, &LastId::symbol);
        return last != last_ids_.end() && event.ids.last <= last->id;
    }

    void remember(const Event& event) {
        const auto last = std::ranges::find(last_ids_, event.symbol, &LastId::symbol);
        if (last == last_ids_.end()) {
            last_ids_.push_back({event.symbol, event.ids.last});
        } else {
            last->id = event.ids.last;
        }
    }

    static void read_side(const JsonFields<Key>& fields, Key key, const Grid& grid,
                          std::vector<Level>& out) {
        JsonReader reader(fields.array(key));
        read_levels(reader, fields.name(key), grid, out);
    }

    Settings settings_;
    std::vector<LastId> last_ids_;  // few: the books of one connection
};

}  // namespace obcore::relay
