#include "services/gateway/open/open_filters.h"

#include "libs/mqtt/topic.h"
#include "services/gateway/router/topics.h"

namespace chat::gateway {

absl::StatusOr<OpenFilters> OpenFilters::Parse(const std::vector<std::string>& entries,
                                               bool aliases) {
  OpenFilters filters;
  filters.aliases_ = aliases;
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

// A topic of CHAT's own, or the server's.
bool OpenFilters::IsReserved(std::string_view topic) const {
  if (topic.starts_with("$SYS/") || topic == "$SYS") return true;
  return ParseClientTopic(Canonical(topic, aliases_).topic).family != TopicFamily::kOther;
}

bool OpenFilters::OpensTopic(std::string_view topic) const {
  if (entries_.empty() || IsReserved(topic)) return false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (mqtt::TopicMatches(entry->filter, topic)) return entry->open;
  }
  return false;
}

bool OpenFilters::OpensFilter(std::string_view filter) const {
  if (entries_.empty() || IsReserved(filter)) return false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (mqtt::FilterCovers(entry->filter, filter)) return entry->open;
  }
  return false;
}

}  // namespace chat::gateway
