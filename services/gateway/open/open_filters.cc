#include "services/gateway/open/open_filters.h"

#include "libs/mqtt/topic.h"
#include "services/gateway/router/topics.h"

namespace chat::gateway {

namespace {

// A topic of CHAT's own, or the server's.
bool IsReserved(std::string_view topic, bool aliases) {
  if (topic.starts_with("$SYS/") || topic == "$SYS") return true;
  const CanonicalTopic canonical = Canonical(topic, aliases);
  return ParseClientTopic(canonical.topic).family != TopicFamily::kOther;
}

}  // namespace

absl::StatusOr<OpenFilters> OpenFilters::Parse(const std::vector<std::string>& entries) {
  OpenFilters filters;
  for (const std::string& entry : entries) {
    const bool open = !entry.starts_with('!');
    std::string filter = open ? entry : entry.substr(1);
    if (!mqtt::IsValidTopicFilter(filter)) {
      return absl::InvalidArgumentError("open_topics: \"" + entry + "\" is no topic filter");
    }
    filters.entries_.push_back({std::move(filter), open});
  }
  return filters;
}

bool OpenFilters::OpensTopic(std::string_view topic, bool aliases) const {
  if (entries_.empty() || IsReserved(topic, aliases)) return false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (mqtt::TopicMatches(entry->filter, topic)) return entry->open;
  }
  return false;
}

bool OpenFilters::OpensFilter(std::string_view filter, bool aliases) const {
  if (entries_.empty() || IsReserved(filter, aliases)) return false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->open && mqtt::FilterCovers(entry->filter, filter)) return true;
    if (!entry->open && FiltersMeet(entry->filter, filter)) return false;
  }
  return false;
}

bool FiltersMeet(std::string_view one, std::string_view other) {
  const auto wild = [](std::string_view filter) {
    return filter.starts_with('+') || filter.starts_with('#');
  };
  if ((one.starts_with('$') && wild(other)) || (other.starts_with('$') && wild(one))) return false;
  mqtt::TopicLevels a(one);
  mqtt::TopicLevels b(other);
  for (; !a.done() && !b.done(); a.Advance(), b.Advance()) {
    if (a.current() == "#" || b.current() == "#") return true;
    if (a.current() != "+" && b.current() != "+" && a.current() != b.current()) return false;
  }
  // `x/#` matches `x` as well.
  return (a.done() || a.current() == "#") && (b.done() || b.current() == "#");
}

}  // namespace chat::gateway
