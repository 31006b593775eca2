// The Range header of HTTP (RFC 9110 section 14), single ranges only. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace chat::media {

struct ByteRange {
  enum class Kind {
    kWhole,  // no range, several, or one that is not understood: ignored as RFC 9110 allows
    kPart,
    kUnsatisfiable,  // nothing of the object lies in it
  };
  Kind kind = Kind::kWhole;
  int64_t first = 0;
  int64_t length = 0;
};

// `header` is the value of Range, empty when there is none.
ByteRange ParseRange(std::string_view header, int64_t size);

}  // namespace chat::media
