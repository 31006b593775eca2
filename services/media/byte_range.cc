#include "services/media/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace chat::media {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A number beyond 64 bits lies beyond every object.
std::optional<int64_t> Number(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc::result_out_of_range ? INT64_MAX : value;
}

bool HasUnit(std::string_view header) {
  if (header.size() < kUnit.size()) return false;
  return std::equal(kUnit.begin(), kUnit.end(), header.begin(), [](char unit, char given) {
    return unit == (given >= 'A' && given <= 'Z' ? given + 32 : given);
  });
}

}  // namespace

ByteRange ParseRange(std::string_view header, int64_t size) {
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  const ByteRange none{ByteRange::Kind::kUnsatisfiable, 0, 0};
  if (!HasUnit(header)) return whole;
  const std::string_view range = Trim(header.substr(kUnit.size()));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::string_view first_text = range.substr(0, dash);
  const std::string_view last_text = range.substr(dash + 1);
  const std::optional<int64_t> last = Number(last_text);
  if (!last && !last_text.empty()) return whole;
  if (first_text.empty()) {
    if (!last) return whole;
    const int64_t length = std::min(*last, size);
    if (length == 0) return none;
    return {ByteRange::Kind::kPart, size - length, length};
  }
  const std::optional<int64_t> first = Number(first_text);
  if (!first || (last && *last < *first)) return whole;
  if (*first >= size) return none;
  const int64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::kPart, *first, end - *first + 1};
}

}  // namespace chat::media
