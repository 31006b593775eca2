#include "services/media/call_rules.h"

#include <algorithm>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::media {
namespace {

constexpr size_t kMaxId = 64;

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }

// The caller's roster of this phone id; its first one where none is given.
const v1::OwnRoster* Own(const v1::Caller& caller, bool given, const std::string& phone_id) {
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (!given || own.phone_id() == phone_id) return &own;
  }
  return nullptr;
}

absl::StatusOr<FeedHalf> P2pHalf(const v1::OwnRoster& own, const v1::P2p& feed) {
  const bool left = feed.from() == own.phone_id();
  if (!left && feed.to() != own.phone_id()) return Invalid("feed: does not contain from");
  FeedHalf half{own, left ? feed.to() : feed.from(), false};
  if (!PhoneId::Parse(half.peer)) return Invalid("feed: malformed");
  return half;
}

}  // namespace

bool IsCallId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxId && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

v1::P2p SortedPair(std::string_view one, std::string_view other) {
  v1::P2p pair;
  pair.set_from(std::string(std::min(one, other)));
  pair.set_to(std::string(std::max(one, other)));
  return pair;
}

std::string P2pTopic(std::string_view one, std::string_view other) {
  const v1::P2p pair = SortedPair(one, other);
  return "p2p/" + pair.from() + "/" + pair.to();
}

std::string P2pKey(int64_t one, int64_t other) {
  return "p2p/" + std::to_string(std::min(one, other)) + "/" + std::to_string(std::max(one, other));
}

absl::StatusOr<FeedHalf> HalfOf(const v1::Caller& caller, const v1::Cdr& cdr) {
  const v1::OwnRoster* own = Own(caller, cdr.has_from(), cdr.from());
  if (own == nullptr) return rpc::Refuse(v1::NOT_AUTHORIZED, "CDR.from: not the caller's");
  FeedHalf half{*own, cdr.to(), false};
  if (cdr.has_p2p()) {
    CHAT_ASSIGN_OR_RETURN(half, P2pHalf(*own, cdr.p2p()));
  } else if (cdr.has_muc()) {
    half = {*own, cdr.muc().name(), true};
  } else {
    half.room = !PhoneId::Parse(half.peer);
  }
  if (half.peer.empty()) return Invalid("CDR.feed: neither feed nor to is given");
  if (cdr.has_to() && cdr.to() != half.peer) return Invalid("CDR.to: not the other half of feed");
  return half;
}

absl::StatusOr<FeedHalf> HalfOf(const v1::Caller& caller, const v1::Call& call) {
  const v1::OwnRoster* own = Own(caller, call.has_from(), call.from());
  if (own == nullptr) return rpc::Refuse(v1::PERMISSION_DENIED, "Call.from: not the caller's");
  if (!IsCallId(call.id())) return Invalid("Call.id: 1 to 64 of A-Z a-z 0-9 _ -");
  if (!call.has_p2p()) return Invalid("Call.feed: no p2p feed");
  return P2pHalf(*own, call.p2p());
}

absl::Status CheckCdr(const v1::Cdr& cdr) {
  if (cdr.has_id() && !IsCallId(cdr.id())) return Invalid("CDR.id: 1 to 64 of A-Z a-z 0-9 _ -");
  if (!cdr.has_type()) return Invalid("CDR.type: audio or video");
  if (cdr.started() < 0) return Invalid("CDR.started: negative");
  if (cdr.duration() < 0) return Invalid("CDR.duration: negative");
  return absl::OkStatus();
}

CallStep Judge(const CallView& call, v1::Call::Status signal) {
  using Kind = CallStep::Kind;
  if (!call.exists) return {signal == v1::Call::OFFER ? Kind::kStart : Kind::kInvalid, {}, {}};
  if (call.ended) return {};
  const bool callee = !call.by_caller;
  if (call.answered && callee && !call.by_answerer) return {Kind::kDenied, {}, {}};
  const bool rings_here = !call.answered && callee;
  switch (signal) {
    case v1::Call::OFFER:
    case v1::Call::CANDIDATE:
      return {Kind::kRelay, {}, {}};
    case v1::Call::RINGING:
      return {rings_here ? Kind::kRelay : Kind::kInvalid, {}, {}};
    case v1::Call::ANSWER:
      if (call.answered) return {Kind::kRelay, {}, {}};
      return rings_here ? CallStep{Kind::kAnswer, {}, "answered"} : CallStep{};
    case v1::Call::BUSY:
      return rings_here ? CallStep{Kind::kEnd, v1::Cdr::BUSY, "busy"} : CallStep{};
    case v1::Call::CANCEL:
    case v1::Call::HANGUP:
      if (call.answered) return {Kind::kEnd, v1::Cdr::ENDED, {}};
      return rings_here ? CallStep{Kind::kEnd, v1::Cdr::DECLINED, "declined"}
                        : CallStep{Kind::kEnd, v1::Cdr::MISSED, {}};
    default:
      return {};
  }
}

}  // namespace chat::media
