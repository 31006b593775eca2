#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

// Topic names and filters (MQTT 4.7). Pure functions; no allocation but where a vector is returned.
namespace chat::mqtt {

// UTF-8 as MQTT wants it: well formed, no surrogates, nothing overlong, no U+0000, at most
// 65,535 bytes. [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-4.7.3-2] [MQTT-4.7.3-3]
bool IsValidUtf8(std::string_view text);

// At least one character [MQTT-4.7.3-1], valid UTF-8, no wildcard [MQTT-3.3.2-2].
bool IsValidTopicName(std::string_view topic);

// At least one character, valid UTF-8; `#` only as the whole last level [MQTT-4.7.1-2]; `+` only as
// a whole level [MQTT-4.7.1-3].
bool IsValidTopicFilter(std::string_view filter);

bool HasWildcard(std::string_view filter);

// `$share/{ShareName}/{filter}` of 5.0 (4.8.2).
inline constexpr std::string_view kSharePrefix = "$share/";
struct SharedFilter {
  std::string_view name;
  std::string_view filter;
};
// The name has at least one character [MQTT5-4.8.2-1] and no `+` or `#`, and a filter of at least
// one character follows [MQTT5-4.8.2-2]. None for a filter that is not shared.
std::optional<SharedFilter> ParseShared(std::string_view filter);

// Whether a valid filter matches a valid name. A wildcard in the first level never matches a name
// that begins with `$` [MQTT-4.7.2-1]; `a/#` matches `a` as well; empty levels count.
bool TopicMatches(std::string_view filter, std::string_view topic);

// Walks the levels of a topic or filter. "a//b" has three, "/" two, "" one (empty).
//   for (TopicLevels levels(topic); !levels.done(); levels.Advance()) use(levels.current());
class TopicLevels {
 public:
  explicit TopicLevels(std::string_view topic);
  bool done() const { return done_; }
  std::string_view current() const { return current_; }
  // What follows the current level's separator; empty when there is no more.
  std::string_view rest() const { return rest_; }
  bool last() const { return last_; }
  void Advance();

 private:
  void Take(std::string_view text);

  std::string_view current_;
  std::string_view rest_;
  bool last_ = false;
  bool done_ = false;
};

// Whether every topic that the valid filter `inner` matches is matched by the valid filter `outer`.
bool FilterCovers(std::string_view outer, std::string_view inner);

size_t CountLevels(std::string_view topic);
// At most `limit` levels; the last one then holds all that remains. 0: no limit.
std::vector<std::string_view> SplitLevels(std::string_view topic, size_t limit = 0);

}  // namespace chat::mqtt
