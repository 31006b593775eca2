#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "libs/bert/decode.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"

namespace {

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

// Whatever decodes survives the canonical encoding and the text, and both are fixed points.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chat::bert;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto decoded = Decode(input);
  if (decoded.ok()) {
    const std::string canonical = Encode(decoded.term());
    const auto again = Decode(canonical);
    Require(again.ok(), "the canonical form is refused");
    Require(again.term() == decoded.term(), "the canonical form is another term");
    Require(Encode(again.term()) == canonical, "the canonical form is not stable");
    const std::string text = ToErlangText(decoded.term());
    const auto parsed = ParseErlangText(text);
    Require(parsed.ok(), "the text is refused");
    Require(Encode(parsed.term()) == canonical, "the text is another term");
  }
  // The input as text: people's terms are hostile too.
  const auto parsed = ParseErlangText(input);
  if (parsed.ok()) {
    const auto again = ParseErlangText(ToErlangText(parsed.term()));
    Require(again.ok() && again.term() == parsed.term(), "the text of a text is another term");
  }
  return 0;
}
