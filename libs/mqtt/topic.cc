#include "libs/mqtt/topic.h"

#include <cstdint>

namespace chat::mqtt {

namespace {

constexpr size_t kMaxString = 65'535;

// Length of the well-formed sequence at the front of `text` (not empty), 0 when there is none.
// Unicode 15, table 3-7, but for U+0000.
size_t Utf8Sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto within = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t lead = byte(0);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (lead < 0xF0) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;   // overlong
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;  // surrogates
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead > 0xF4) return 0;
  const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;   // overlong
  const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;  // above U+10FFFF
  return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  if (text.size() > kMaxString) return false;
  while (!text.empty()) {
    const size_t length = Utf8Sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool HasWildcard(std::string_view filter) {
  return filter.find_first_of("+#") != std::string_view::npos;
}

bool IsValidTopicName(std::string_view topic) {
  return !topic.empty() && !HasWildcard(topic) && IsValidUtf8(topic);
}

bool IsValidTopicFilter(std::string_view filter) {
  if (filter.empty() || !IsValidUtf8(filter)) return false;
  for (TopicLevels levels(filter); !levels.done(); levels.Advance()) {
    const std::string_view level = levels.current();
    if (!HasWildcard(level)) continue;
    if (level.size() != 1) return false;
    if (level == "#" && !levels.last()) return false;
  }
  return true;
}

bool TopicMatches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  TopicLevels wanted(filter);
  TopicLevels given(topic);
  for (; !wanted.done(); wanted.Advance(), given.Advance()) {
    if (wanted.current() == "#") return true;
    if (given.done()) return false;
    if (wanted.current() != "+" && wanted.current() != given.current()) return false;
  }
  return given.done();
}

std::optional<SharedFilter> ParseShared(std::string_view filter) {
  if (!filter.starts_with(kSharePrefix)) return {};
  const std::string_view rest = filter.substr(kSharePrefix.size());
  const size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size()) return {};
  const SharedFilter shared{rest.substr(0, slash), rest.substr(slash + 1)};
  if (HasWildcard(shared.name)) return {};
  return shared;
}

bool FilterCovers(std::string_view outer, std::string_view inner) {
  // A wildcard in the first level leaves out names that begin with `$` [MQTT-4.7.2-1].
  if (inner.starts_with('$') && (outer.starts_with('+') || outer.starts_with('#'))) return false;
  TopicLevels wide(outer);
  TopicLevels narrow(inner);
  for (; !wide.done(); wide.Advance(), narrow.Advance()) {
    if (wide.current() == "#") return true;
    if (narrow.done() || narrow.current() == "#") return false;
    if (wide.current() != "+" && wide.current() != narrow.current()) return false;
  }
  return narrow.done();
}

TopicLevels::TopicLevels(std::string_view topic) { Take(topic); }

void TopicLevels::Take(std::string_view text) {
  const size_t slash = text.find('/');
  last_ = slash == std::string_view::npos;
  current_ = text.substr(0, slash);
  rest_ = last_ ? std::string_view() : text.substr(slash + 1);
}

void TopicLevels::Advance() {
  if (last_) {
    done_ = true;
    current_ = {};
    return;
  }
  Take(rest_);
}

size_t CountLevels(std::string_view topic) {
  size_t count = 1;
  for (const char c : topic) count += c == '/';
  return count;
}

std::vector<std::string_view> SplitLevels(std::string_view topic, size_t limit) {
  std::vector<std::string_view> out;
  TopicLevels levels(topic);
  for (; !levels.done(); levels.Advance()) {
    if (limit != 0 && out.size() + 1 == limit && !levels.last()) {
      const size_t begin = static_cast<size_t>(levels.current().data() - topic.data());
      out.push_back(topic.substr(begin));
      return out;
    }
    out.push_back(levels.current());
  }
  return out;
}

}  // namespace chat::mqtt
