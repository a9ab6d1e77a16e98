// Which depth messages make a book, and when nobody can tell.

#include <vector>

#include "check.hpp"
#include "obcore/depth_kind.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

Event of(Kind kind) {
    Event event;
    event.kind = kind;
    event.rule = IdRule::binance_futures;
    return event;
}

// A futures message without a stream's name: a diff or a partial depth.
Event bare(const Levels& bids = {{1, 1}}, const Levels& asks = {}) {
    Event event = of(Kind::delta);
    event.bids = bids;
    event.asks = asks;
    return event;
}

// Whether a hundred bare messages with `proof` among them are taken for diffs.
bool is_proved_by(const Event& proof) {
    DepthKind kind;
    for (int i = 0; i < 98; ++i) static_cast<void>(kind.is_meant(bare()));
    static_cast<void>(kind.is_meant(proof));
    try {
        for (int i = 0; i < 200; ++i) static_cast<void>(kind.is_meant(bare()));
        kind.finish();
    } catch (const AmbiguousFormat&) {
        return false;
    }
    return true;
}

void the_callers_choice_is_all_that_is_meant() {
    DepthKind diffs(Format::diff);
    DepthKind pictures(Format::topn);

    for (int i = 0; i < 200; ++i) {
        CHECK(diffs.is_meant(bare()) && !pictures.is_meant(bare()));
        CHECK(!diffs.is_meant(of(Kind::topn)) && pictures.is_meant(of(Kind::topn)));
    }
    CHECK(diffs.is_meant(of(Kind::snapshot)) && !pictures.is_meant(of(Kind::snapshot)));
    diffs.finish();
    pictures.finish();
}

void the_first_message_chooses_where_the_caller_does_not() {
    for (const Kind first : {Kind::delta, Kind::snapshot, Kind::topn}) {
        DepthKind kind;
        CHECK(kind.is_meant(of(first)));

        const bool picture = first == Kind::topn;
        CHECK_THROWS(kind.is_meant(of(picture ? Kind::delta : Kind::topn)), AmbiguousFormat,
                     "both in one recording");
        CHECK(kind.is_meant(of(picture ? Kind::topn : Kind::snapshot)));
    }
}

void a_hundred_bare_messages_without_a_proof_are_doubted() {
    DepthKind kind;
    for (int i = 0; i < 99; ++i) CHECK(kind.is_meant(bare()));

    CHECK_THROWS(kind.is_meant(bare()), AmbiguousFormat, "none in 100");
    CHECK_THROWS(kind.is_meant(bare()), AmbiguousFormat, "none in 101");
}

void the_end_of_a_stream_leaves_no_doubt() {
    DepthKind kind;
    CHECK(kind.is_meant(bare()));

    CHECK_THROWS(kind.finish(), AmbiguousFormat, "none in 1");
}

void a_deletion_or_a_long_side_proves_diffs() {
    CHECK(!is_proved_by(bare()));
    CHECK(is_proved_by(bare({{1, 1}, {2, 0}})));
    CHECK(is_proved_by(bare({}, {{3, 0}})));
    CHECK(is_proved_by(bare(Levels(21, {1, 1}))));
    CHECK(is_proved_by(bare({}, Levels(21, {1, 1}))));
    CHECK(!is_proved_by(bare(Levels(20, {1, 1}), Levels(20, {1, 1}))));
}

void what_tells_its_kind_is_never_doubted() {
    Event enveloped = bare();
    enveloped.enveloped = true;
    Event spot = bare();
    spot.rule = IdRule::binance_spot;
    DepthKind kind;

    for (int i = 0; i < 200; ++i) {
        CHECK(kind.is_meant(enveloped) && kind.is_meant(spot));
        CHECK(kind.is_meant(of(Kind::snapshot)));
    }
    kind.finish();
}

}  // namespace

int main() {
    return run_tests({
        the_callers_choice_is_all_that_is_meant,
        the_first_message_chooses_where_the_caller_does_not,
        a_hundred_bare_messages_without_a_proof_are_doubted,
        the_end_of_a_stream_leaves_no_doubt,
        a_deletion_or_a_long_side_proves_diffs,
        what_tells_its_kind_is_never_doubted,
    });
}
