#include "libs/bert/inflate.h"

#include <zlib.h>

#include <limits>

namespace chat::bert {
namespace {

// Deflate codes at best 258 bytes in two bits.
constexpr size_t kBestRatio = 1032;

}  // namespace

std::optional<std::string> Inflate(std::string_view compressed, size_t size) {
  constexpr size_t kMax = std::numeric_limits<uInt>::max();
  if (size == 0 || size > kMax || compressed.size() > kMax) return std::nullopt;
  if (size / kBestRatio > compressed.size()) return std::nullopt;

  z_stream stream = {};
  // zlib does not write through next_in; its type merely lacks const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  if (inflateInit(&stream) != Z_OK) return std::nullopt;

  std::string inflated(size, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(inflated.data());
  stream.avail_out = static_cast<uInt>(size);
  const int status = inflate(&stream, Z_FINISH);
  const bool exact = status == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  if (!exact) return std::nullopt;
  return inflated;
}

}  // namespace chat::bert
