#include "bind.hpp"
#include "obcore/binance.hpp"

namespace obcore::bindings {

namespace {

Ids make_ids(Sequence first, Sequence last, std::optional<Sequence> previous) {
    return {first, last, previous.value_or(absent)};
}

IdRule rule_of(std::optional<Sequence> previous) {
    return previous ? IdRule::binance_futures : IdRule::binance_spot;
}

}  // namespace

void bind_sync(py::module_& m) {
    py::native_enum<Verdict>(m, "Verdict", "enum.Enum", "What a message means for its book.")
        .value("APPLY", Verdict::apply)
        .value("SKIP", Verdict::skip)
        .value("BUFFER", Verdict::buffer)
        .value("GAP", Verdict::gap)
        .value("RESYNC", Verdict::resync)
        .finalize();

    // The venue's rules as plain functions, so that every branch is a row of a test.
    m.def(
        "judge_binance",
        [](Sequence last, Sequence first, Sequence final_id, std::optional<Sequence> previous) {
            return binance::judge(rule_of(previous), last, make_ids(first, final_id, previous));
        },
        "last"_a, "first"_a, "final"_a, "previous"_a = py::none(),
        "May an event (U, u, pu) follow update id `last`? With pu the futures rule.");
    m.def(
        "judge_binance_join",
        [](Sequence snapshot, Sequence first, Sequence final_id,
           std::optional<Sequence> previous) {
            return binance::judge_join(rule_of(previous), snapshot,
                                       make_ids(first, final_id, previous));
        },
        "snapshot"_a, "first"_a, "final"_a, "previous"_a = py::none(),
        "May an event (U, u, pu) be the first on top of a snapshot?");
}

}  // namespace obcore::bindings
