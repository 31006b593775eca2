#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "libs/bert/decode.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

namespace chat::bert {
namespace {

// The golden vector Message/client.p2p.request: 14 fields, a nested feed and one Desc.
std::string MessagePayload() {
  const auto message = ParseErlangText(
      "{'Message',[],chain,{p2p,<<\"380670001234_12525\">>,<<\"380670002234_12334\">>},[],[],"
      "<<\"9F3C0A71_380670001234_12525_m1\">>,<<\"380670001234_12525\">>,<<\"380670002234_12334\">>"
      ",[],"
      "[{'Desc',<<\"9F3C0A71_d1\">>,<<\"text\">>,<<\"Hello, Petro\">>,0,[],[]}],[],[],[],client}");
  if (!message.ok()) std::abort();
  return Encode(message.term());
}

void BM_DecodeMessage(benchmark::State& state) {
  const std::string payload = MessagePayload();
  for (auto _ : state) {
    auto result = Decode(payload);
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * payload.size()));
}
BENCHMARK(BM_DecodeMessage);

void BM_EncodeMessage(benchmark::State& state) {
  const std::string payload = MessagePayload();
  const auto decoded = Decode(payload);
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendVersion(out);
    AppendTerm(decoded.term(), out);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * payload.size()));
}
BENCHMARK(BM_EncodeMessage);

}  // namespace
}  // namespace chat::bert

BENCHMARK_MAIN();
