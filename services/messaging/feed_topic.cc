#include "services/messaging/feed_topic.h"

#include "libs/base/ids.h"

namespace chat::messaging {

FeedTopic FeedTopic::Parse(std::string_view topic) {
  const size_t slash = topic.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view family = topic.substr(0, slash);
  const std::string_view rest = topic.substr(slash + 1);
  const auto made = [&](Kind kind, bool valid) {
    return valid ? FeedTopic{kind, std::string(rest), ""} : FeedTopic{};
  };
  if (family == "room") return made(Kind::kRoom, IsRoomId(rest));
  if (family == "ses") return made(Kind::kSes, NormalisePhone(rest) == rest);
  if (family == "ac") return made(Kind::kAc, PhoneId::Parse(rest).has_value());
  if (family == "muc") return made(Kind::kMuc, PhoneId::Parse(rest).has_value());
  if (family != "p2p") return {};
  const size_t half = rest.find('/');
  if (half == std::string_view::npos) return {};
  const std::string_view one = rest.substr(0, half);
  const std::string_view other = rest.substr(half + 1);
  if (!PhoneId::Parse(one) || !PhoneId::Parse(other) || other < one) return {};
  return {Kind::kP2p, std::string(one), std::string(other)};
}

}  // namespace chat::messaging
