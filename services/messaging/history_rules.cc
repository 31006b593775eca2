#include "services/messaging/history_rules.h"

#include <algorithm>
#include <string_view>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::messaging {

namespace {

constexpr int64_t kDefaultCount = 50;
constexpr int64_t kMaxCount = 1000;

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }

}  // namespace

absl::StatusOr<AskedFeed> CheckFeed(const v1::Caller& caller, const v1::History& request) {
  AskedFeed asked;
  asked.account = AccountId{caller.account_id()};
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (request.has_roster_id() && own.phone_id() == request.roster_id()) {
      asked.roster = RosterId{own.id()};
      asked.own = own.phone_id();
    }
  }
  if (!asked.roster) return Invalid("History.roster_id: not the caller's");
  if (request.has_muc()) {
    asked.room = request.muc().name();
    if (!IsRoomId(asked.room)) return Invalid("History.feed: malformed");
    return asked;
  }
  if (!request.has_p2p()) return Invalid("History.feed: missing");
  const v1::P2p& feed = request.p2p();
  if (feed.from() != asked.own && feed.to() != asked.own) {
    return Invalid("History.feed: does not contain roster_id");
  }
  asked.peer = feed.from() == asked.own ? feed.to() : feed.from();
  if (!PhoneId::Parse(asked.peer)) return Invalid("History.feed: malformed");
  return asked;
}

absl::StatusOr<AskedFeed> CheckCursor(const v1::Caller& caller, const v1::Cursor& request) {
  if (request.position() < 0) return Invalid("Cursor.position: negative");
  if (request.has_muc()) {
    if (!IsRoomId(request.muc().name())) return Invalid("Cursor.feed: malformed");
    return AskedFeed{AccountId{caller.account_id()}, RosterId(), "", "", request.muc().name()};
  }
  if (!request.has_p2p()) return Invalid("Cursor.feed: missing");
  v1::History as_history;
  *as_history.mutable_p2p() = request.p2p();
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (own.phone_id() != request.p2p().from() && own.phone_id() != request.p2p().to()) continue;
    as_history.set_roster_id(own.phone_id());
    break;
  }
  return CheckFeed(caller, as_history);
}

absl::StatusOr<Selection> CheckSelection(const v1::History& request) {
  if (request.entity_id() < 0) return Invalid("History.entity_id: negative");
  Selection selection;
  selection.from = request.entity_id();
  selection.forward = request.size() > 0;
  int64_t size = request.size() == 0 ? -kDefaultCount : request.size();
  int64_t bounded = std::clamp(size, -kMaxCount, kMaxCount);
  selection.count = static_cast<int>(bounded < 0 ? -bounded : bounded);
  return selection;
}

}  // namespace chat::messaging
