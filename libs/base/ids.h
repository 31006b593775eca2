// Strong ids: a roster id is no account id. Values are those of the database; 0 is "none".
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

template <typename Tag>
struct Id {
  int64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
  explicit operator bool() const { return value != 0; }
};

using AccountId = Id<struct AccountTag>;
using RosterId = Id<struct RosterTag>;
using FeedId = Id<struct FeedTag>;
using SessionId = Id<struct SessionTag>;

// `<Phone>_<RosterId>`, split at the last `_` (PROTOCOL 6).
struct PhoneId {
  std::string phone;
  RosterId roster;

  std::string text() const { return phone + "_" + std::to_string(roster.value); }
  // nullopt unless 5 to 15 digits, `_`, and a positive decimal without leading zero.
  static std::optional<PhoneId> Parse(std::string_view text);
};

// 1 to 128 bytes of UTF-8 without `/ + #` and control characters, not of PhoneId form (PROTOCOL 6;
// UTF-8, because it is a level of an MQTT topic).
bool IsRoomId(std::string_view text);

// 5 to 15 ASCII digits; a leading `+` is dropped (PROTOCOL 6). nullopt for anything else.
std::optional<std::string> NormalisePhone(std::string_view text);

}  // namespace chat

template <typename Tag>
struct std::hash<chat::Id<Tag>> {
  size_t operator()(const chat::Id<Tag>& id) const { return std::hash<int64_t>()(id.value); }
};
