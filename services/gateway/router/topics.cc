#include "services/gateway/router/topics.h"

#include <algorithm>
#include <vector>

#include "libs/mqtt/topic.h"

namespace chat::gateway {
namespace {

ClientTopic Events(const std::vector<std::string_view>& levels) {
  if (levels.size() < 4 || levels.size() > 7) return {TopicFamily::kEventsIgnored, {}, {}};
  // events/:vsn/:node/:module/:username/:client/:token
  const TopicFamily family = levels[1] == "1" ? TopicFamily::kEvents : TopicFamily::kEventsVersion;
  return {family, levels[3], {}};
}

}  // namespace

ClientTopic ParseClientTopic(std::string_view topic) {
  const size_t slash = topic.find('/');
  const std::string_view head = topic.substr(0, slash);
  if (slash == std::string_view::npos) return {};
  if (head == "events") return Events(mqtt::SplitLevels(topic, 8));
  const std::string_view rest = topic.substr(slash + 1);
  if (head == "actions") return {TopicFamily::kActions, {}, rest};
  if (head == "ses") return {TopicFamily::kSes, {}, rest};
  if (head == "ac") return {TopicFamily::kAc, {}, rest};
  if (head == "p2p") return {TopicFamily::kP2p, {}, rest};
  if (head == "room") return {TopicFamily::kRoom, {}, rest};
  if (head == "muc") return {TopicFamily::kMuc, {}, rest};
  if (head == "version") return {TopicFamily::kVersion, {}, rest};
  return {};
}

CanonicalTopic Canonical(std::string_view topic, bool aliases) {
  if (aliases) {
    const std::vector<std::string_view> levels = mqtt::SplitLevels(topic, 4);
    const std::string rest(levels.size() > 1 ? topic.substr(levels[0].size() + 1) : "");
    if (levels.size() == 2) {
      if (levels[0] == "devices") return {"ses/" + rest, true};
      if (levels[0] == "contacts") return {"ac/" + rest, true};
      if (levels[0] == "events") return {"events/1//api/anon//", true};
      if (levels[0] == "actions") return {"actions/1/api/" + rest, true};
    }
    if (levels.size() == 3 && levels[0] == "private") return {"p2p/" + rest, true};
  }
  return {std::string(topic), false};
}

std::string ModuleOf(std::optional<std::string_view> username) {
  if (!username || username->empty() || username->size() > 32) return "api";
  for (char c : *username) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return "api";
  }
  return std::string(*username);
}

std::string ReplyTopic(std::string_view requested, std::string_view own_module,
                       std::string_view client_id) {
  const std::string_view module = requested == own_module ? own_module : "api";
  return "actions/1/" + std::string(module) + "/" + std::string(client_id);
}

bool IsWithin(std::string_view topic, int64_t max_bytes, int64_t max_levels) {
  return static_cast<int64_t>(topic.size()) <= max_bytes &&
         std::count(topic.begin(), topic.end(), '/') < max_levels;
}

bool IsValidClientId(std::string_view id) {
  if (id.empty() || id.size() > 1024) return false;
  return id.find_first_of(std::string_view("/+#\0", 4)) == std::string_view::npos;
}

}  // namespace chat::gateway
