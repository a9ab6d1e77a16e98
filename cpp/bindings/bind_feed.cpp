#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "engine.hpp"
#include "obcore/feed_state.hpp"
#include "thin.hpp"

namespace obcore::bindings {

namespace {

using Listener = FeedState::Listener;

// With the names of its books as Python has them: an event is told by name.
struct Feed {
    explicit Feed(const FeedState::Limits& limits) : state(limits) {}

    FeedState state;
    std::vector<py::str> names;
};

struct Ear {
    std::shared_ptr<Listener> listener;
    py::object feed;  // kept alive, for its names
};

int flags_of(const FeedSignals& signals) noexcept {
    return static_cast<int>(signals.control) | static_cast<int>(signals.wants) << 1 |
           static_cast<int>(signals.wake) << 2 | static_cast<int>(signals.block) << 3 |
           static_cast<int>(signals.malformed) << 4;
}

constexpr thin::Signature<3> on_frame_signature{"on_frame",
                                                {"connection", "frame", "ts_recv_ns"}};

PyObject* on_frame(PyObject* self, const thin::Values<3>& values) {
    FeedState& feed = thin::held<Feed>(self).state;
    const std::size_t connection =
        thin::index(values[0], feed.connection_count(), "connection");
    const thin::Message frame(values[1]);
    const Nanos now = thin::optional_integer(values[2], "ts_recv_ns");
    return PyLong_FromLong(flags_of(feed.on_frame(connection, frame.text(), now)));
}

Wire wire_of(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(Wire::relay); ++i) {
        if (name == to_string(static_cast<Wire>(i))) return static_cast<Wire>(i);
    }
    throw py::value_error("wire: expected a venue's protocol, received '" + name + "'");
}

WireSettings wire_settings(std::size_t depth, const std::map<std::string, std::string>& names) {
    relay::Settings out;
    for (const auto& [key, value] : names) {
        if (key == "ids") {
            out.ids = value == "consecutive" ? relay::Settings::Ids::consecutive
                      : value == "growing"   ? relay::Settings::Ids::growing
                                             : relay::Settings::Ids::none;
            continue;
        }
        std::string* const name = key == "type_key"       ? &out.type_key
                                  : key == "book_type"    ? &out.book_type
                                  : key == "symbol_key"   ? &out.symbol_key
                                  : key == "bids_key"     ? &out.bids_key
                                  : key == "asks_key"     ? &out.asks_key
                                  : key == "id_key"       ? &out.id_key
                                  : key == "time_key"     ? &out.time_key
                                  : key == "snapshot_key" ? &out.snapshot_key
                                                          : nullptr;
        if (name == nullptr) throw py::key_error("relay: unknown setting " + key);
        *name = value;
    }
    return {depth, std::move(out)};
}

std::size_t add_book(Feed& feed, const std::string& name, const std::optional<Grid>& grid,
                     const py::object& features, std::size_t depth,
                     std::optional<std::vector<double>> ofi_weights, bool from_ticker) {
    std::optional<FeatureOptions> options;
    if (!features.is_none()) {
        options =
            feature_options(comma_separated(features), depth, "causal", std::move(ofi_weights));
    }
    const std::size_t book = feed.state.add_book(name, grid, options, from_ticker);
    feed.names.emplace_back(name);
    return book;
}

std::vector<std::string> feature_names_of(const Feed& feed, std::size_t book) {
    const auto& engine = feed.state.book(book).engine();
    return engine ? engine->names() : std::vector<std::string>();
}

py::object values(const Feed& feed, std::size_t book, const py::object& out) {
    const auto values = feed.state.book(book).values();
    const thin::Vector row(out.ptr(), values.size());
    std::copy(values.begin(), values.end(), row.values().begin());
    return py::reinterpret_steal<py::object>(row.release());
}

py::dict health(const Feed& feed, std::size_t i) {
    const FeedBook& kept = feed.state.book(i);
    const Book& book = kept.book();
    const FeedBook::Counters& counted = kept.counters();
    const Synchronizer::Counters& sync = kept.sync().counters();
    const auto price = [&](Ticks ticks) -> py::object {
        if (ticks == absent) return py::none();
        return py::float_(book.grid.tick.to_double(static_cast<double>(ticks)));
    };
    return py::dict(
        "state"_a = book.state, "reason"_a = readable(book.reason),
        "since_ns"_a = or_none(feed.state.since(i)), "lag_ns"_a = or_none(kept.lag_ns()),
        "clock_offset_ns"_a = or_none(kept.least_latency_ns()),
        "last_message_ns"_a = or_none(kept.last_depth_ns()),
        "last_trade_ns"_a = or_none(kept.last_trade_ns()),
        "horizon_bid"_a = price(book.horizon.bid), "horizon_ask"_a = price(book.horizon.ask),
        "messages"_a = counted.messages, "trades"_a = counted.trades,
        "states"_a = counted.states, "malformed"_a = counted.malformed,
        "trades_lost"_a = counted.trades_lost, "outages"_a = counted.outages,
        "gaps"_a = sync.gaps, "joins"_a = sync.joins, "skipped"_a = sync.skipped,
        "crossed"_a = sync.crossed, "stale_snapshots"_a = sync.stale_snapshots,
        "buffer_overflows"_a = sync.buffer_overflows, "checksums"_a = sync.checksums,
        "refreshes"_a = sync.refreshes, "corrections"_a = sync.corrections,
        "memory_bytes"_a = kept.memory_usage());
}

const char* to_text(FeedState::Want want) {
    switch (want) {
        case FeedState::Want::nothing:
            return "nothing";
        case FeedState::Want::snapshot:
            return "snapshot";
        case FeedState::Want::refresh:
            return "refresh";
        case FeedState::Want::resubscription:
            return "resubscription";
    }
    return "?";
}

// ---- Listeners ------------------------------------------------------------------------------

EventQueue::Policy policy_of(const std::string& name) {
    using enum EventQueue::Policy;
    constexpr std::array<std::pair<const char*, EventQueue::Policy>, 4> policies{
        {{"latest", latest}, {"block", block}, {"drop_oldest", drop_oldest}, {"raise", raise}}};
    for (const auto& [known, policy] : policies) {
        if (name == known) return policy;
    }
    throw py::value_error("policy: expected latest, block, drop_oldest or raise, received '" +
                          name + "'");
}

py::object vector_of(const std::vector<double>& values) {
    if (values.empty()) return py::none();
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

// Kind and fields, in the order of the Python class of that kind.
py::tuple to_tuple(const FeedEvent& event, const py::str& name) {
    using enum FeedEvent::Kind;
    const auto of = [&](auto&&... rest) {
        return py::make_tuple(
            static_cast<int>(event.kind),
            py::make_tuple(name, or_none(event.ts_recv_ns),
                           std::forward<decltype(rest)>(rest)..., event.missed));
    };
    switch (event.kind) {
        case update:
            return of(or_none(event.ts_event_ns), or_none(event.sequence), event.state,
                      event.bid_px, event.bid_sz, event.ask_px, event.ask_sz,
                      vector_of(event.features));
        case trade:
            return of(or_none(event.ts_event_ns), event.price, event.size, event.taker,
                      or_none(event.trade_id));
        case gap:
            return of(or_none(event.expected), or_none(event.received), readable(event.reason));
        case resynced:
            return of(or_none(event.sequence), event.state, readable(event.reason));
        case stale:
        case disconnected:
        case trades_lost:
            return of(readable(event.reason));
        case instrument:
            break;
    }
    const auto space = event.reason.find(' ');
    return of(event.reason.substr(0, space), event.reason.substr(space + 1));
}

py::list take(const Ear& ear, std::size_t limit) {
    EventQueue& queue = ear.listener->queue;
    const auto& names = ear.feed.cast<const Feed&>().names;
    py::list out;
    for (; limit > 0 && !queue.is_empty(); --limit) {
        const FeedEvent& event = queue.take();
        out.append(to_tuple(event, names[event.book]));
    }
    return out;
}

}  // namespace

void bind_feed(py::module_& m) {
    auto type = py::class_<Feed>(
        m, "FeedState",
        "The books, connections and listeners of a live feed, without sockets and clocks.\n\n"
        "Flags that calls return: 1 the frame is a word on the connection itself, 2 a book "
        "wants\n"
        "something, 4 a listener that waits has something to read, 8 a listener's queue is "
        "full "
        "and\n"
        "the connection has to wait, 16 the frame could not be read.");
    thin::add_method<on_frame_signature, &on_frame>(
        type,
        "on_frame($self, connection, frame, ts_recv_ns)\n--\n\n"
        "Decode a frame and apply it; flags. What is malformed is counted and raises nothing.");
    const FeedState::Limits usual;
    type.def(py::init([](Nanos first_message_ns, Nanos silence_ns, Nanos trade_silence_ns,
                         Nanos lag_ns, std::int64_t crossed_messages, Nanos crossed_ns) {
                 return std::make_unique<Feed>(FeedState::Limits{first_message_ns, silence_ns,
                                                                 trade_silence_ns, lag_ns,
                                                                 crossed_messages, crossed_ns});
             }),
             py::kw_only(), "first_message_ns"_a = usual.first_message_ns,
             "silence_ns"_a = usual.silence_ns, "trade_silence_ns"_a = usual.trade_silence_ns,
             "lag_ns"_a = usual.lag_ns, "crossed_messages"_a = usual.crossed_messages,
             "crossed_ns"_a = usual.crossed_ns)
        .def("add_book", &add_book, "name"_a, "grid"_a = py::none(), "features"_a = py::none(),
             "depth"_a = 10, "ofi_weights"_a = py::none(), "from_ticker"_a = false,
             "Add a book; its number. Without a grid it is found on the way.")
        .def(
            "add_connection",
            [](Feed& feed, const std::string& wire, std::size_t depth,
               const std::map<std::string, std::string>& relay) {
                return feed.state.add_connection(wire_of(wire), wire_settings(depth, relay));
            },
            "wire"_a, "depth"_a = 0, "relay"_a = std::map<std::string, std::string>(),
            "Add a connection that speaks a venue's protocol; its number.")
        .def(
            "subscribe",
            [](Feed& feed, std::size_t connection, std::string symbol, std::size_t book,
               bool has_depth, Nanos now) {
                feed.state.subscribe(connection, std::move(symbol), book, has_depth, now);
            },
            "connection"_a, "symbol"_a, "book"_a, "has_depth"_a, "now"_a,
            "What a connection brings: a book by the venue's symbol, or its trades alone.")
        .def(
            "resubscribed",
            [](Feed& feed, std::size_t book, Nanos now) { feed.state.resubscribed(book, now); },
            "book"_a, "now"_a, "A stream begins anew on a connection that goes on.")
        .def(
            "resubscribed_to_trades",
            [](Feed& feed, std::size_t book, Nanos now) {
                feed.state.resubscribed_to_trades(book, now);
            },
            "book"_a, "now"_a, "The same of a stream of trades.")
        .def(
            "disconnect",
            [](Feed& feed, std::size_t connection, const std::string& reason, Nanos now) {
                return flags_of(feed.state.disconnect(connection, reason, now));
            },
            "connection"_a, "reason"_a, "now"_a,
            "The connection has gone; books that no other one brings are stale. Flags.")
        .def(
            "on_snapshot",
            [](Feed& feed, std::size_t book, const std::string& wire, const py::bytes& text,
               Nanos ts_recv_ns) {
                FeedSignals signals;
                const Verdict verdict = feed.state.on_snapshot(
                    book, wire_of(wire), std::string_view(text), ts_recv_ns, signals);
                return py::make_tuple(verdict, flags_of(signals));
            },
            "book"_a, "wire"_a, "text"_a, "ts_recv_ns"_a,
            "Take the answer to a request for a book's snapshot: verdict and flags.\n\n"
            "Raises DecodeError where it is none.")
        .def(
            "check", [](Feed& feed, Nanos now) { return flags_of(feed.state.check(now)); },
            "now"_a, "Look which books are silent, late or crossed too long; flags.")
        .def(
            "restart",
            [](Feed& feed, std::size_t book, const std::string& reason, Nanos now) {
                return flags_of(feed.state.restart(book, reason, now));
            },
            "book"_a, "reason"_a, "now"_a, "Give a book up and build it anew; flags.")
        .def(
            "take_wants",
            [](Feed& feed) {
                py::list wants;
                for (const auto& [book, want, of_trades] : feed.state.take_wants()) {
                    wants.append(py::make_tuple(book, of_trades ? "trades" : to_text(want)));
                }
                return wants;
            },
            "What books want of their venue: (book, snapshot, refresh, resubscription or "
            "trades).")
        .def(
            "ask_again", [](Feed& feed, std::size_t book) { feed.state.ask_again(book); },
            "book"_a, "What a book wanted was asked for in vain.")
        .def(
            "listen",
            [](py::object self, const std::string& policy, std::size_t capacity,
               bool with_features) {
                auto& feed = self.cast<Feed&>();
                return Ear{feed.state.listen(policy_of(policy), capacity, with_features),
                           std::move(self)};
            },
            "policy"_a, "capacity"_a, "with_features"_a, "Add a listener.")
        .def(
            "leave", [](Feed& feed, const Ear& ear) { feed.state.leave(ear.listener); },
            "listener"_a, "Remove a listener.")
        .def_property_readonly("is_blocked",
                               [](const Feed& feed) { return feed.state.is_blocked(); })
        .def("__len__", [](const Feed& feed) { return feed.state.book_count(); })
        .def(
            "book",
            [](const Feed& feed, std::size_t book) -> const Book& {
                return feed.state.book(book).book();
            },
            py::return_value_policy::reference_internal, "book"_a,
            "The book: one object, to be kept.")
        .def("feature_names", &feature_names_of, "book"_a)
        .def("values", &values, "book"_a, "out"_a = py::none(),
             "Features of the book's last state; NaN while it is not to be trusted.")
        .def("health", &health, "book"_a, "How the book is, and what was counted.")
        .def(
            "frames",
            [](const Feed& feed, std::size_t connection) {
                return py::make_tuple(feed.state.frames(connection),
                                      or_none(feed.state.last_frame_ns(connection)));
            },
            "connection"_a, "How many frames came, and when the last one did.")
        .def(
            "is_complete",
            [](const Feed& feed, std::size_t connection) {
                return feed.state.is_complete(connection);
            },
            "connection"_a,
            "Whether every book that the connection brings had a message of it.")
        .def_property_readonly(
            "last_error", [](const Feed& feed) { return readable(feed.state.last_error()); })
        .def_property_readonly("malformed",
                               [](const Feed& feed) { return feed.state.malformed(); })
        .def("memory_usage", [](const Feed& feed) { return feed.state.memory_usage(); });

    py::class_<Ear>(m, "Listener", "Events of a live feed that one listener has not read yet.")
        .def("take", &take, "limit"_a, "The oldest events, as (kind, fields).")
        .def("__len__", [](const Ear& ear) { return ear.listener->queue.size(); })
        .def_property(
            "is_waiting", [](const Ear& ear) { return ear.listener->is_waiting; },
            [](Ear& ear, bool waiting) { ear.listener->is_waiting = waiting; })
        .def_property_readonly("is_blocking",
                               [](const Ear& ear) { return ear.listener->queue.is_blocking(); })
        .def_property_readonly(
            "has_overflowed",
            [](const Ear& ear) { return ear.listener->queue.has_overflowed(); })
        .def_property_readonly("dropped",
                               [](const Ear& ear) { return ear.listener->queue.dropped(); })
        .def_property_readonly("replaced",
                               [](const Ear& ear) { return ear.listener->queue.replaced(); });
}

}  // namespace obcore::bindings
