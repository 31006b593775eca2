#include "services/media/calls.h"

#include <utility>

#include "chat/v1/event.pb.h"
#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"

namespace chat::media {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::seconds kPatience{5};
constexpr int kTicksPerPrune = 600;
constexpr uint32_t kSignalQos = 1;  // PROTOCOL O26

std::string Binary(std::string_view text) {
  std::string term;
  bert::AppendBinary(text, term);
  return term;
}

// What one account's devices get.
redis::Publication ToAccount(AccountId account, const std::string& phone_id, const v1::Call& signal,
                             const std::string& trace, const std::string& not_to_client = "") {
  v1::Event event;
  event.set_lane(v1::Event::TRANSIENT);
  event.set_topic("ses/" + phone_id.substr(0, phone_id.rfind('_')));
  *event.mutable_record()->mutable_call() = signal;
  event.set_qos(kSignalQos);
  event.set_trace(trace);
  event.set_not_to_client(not_to_client);
  return {"a:" + std::to_string(account.value), event.SerializeAsString()};
}

v1::Call Cancel(const CallRow& row, const std::string& from, std::string_view why) {
  v1::Call signal;
  signal.set_id(row.id);
  *signal.mutable_p2p() = SortedPair(row.caller_phone_id, row.callee_phone_id);
  signal.set_from(from);
  signal.set_type(row.type);
  signal.set_payload(Binary(why));
  signal.set_status(v1::Call::CANCEL);
  return signal;
}

// Whoever may end a call may do so also when the friendship has ended before it.
bool NeedsFriend(v1::Call::Status signal) {
  return signal != v1::Call::CANCEL && signal != v1::Call::HANGUP && signal != v1::Call::BUSY;
}

prometheus::Counter& Ended(v1::Cdr::Status end) {
  return metrics::Counter("chat_media_calls_ended_total", "Calls that ended, by how.",
                          {{"status", v1::Cdr::Status_Name(end)}});
}

}  // namespace

Calls::Calls(CallStore& store, Feeds& feeds, Publish publish, CallLimits limits)
    : store_(store), feeds_(feeds), publish_(std::move(publish)), limits_(limits) {}

Calls::~Calls() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status Calls::Signal(const rpc::Call& call, const v1::Call& signal) {
  CHAT_ASSIGN_OR_RETURN(FeedHalf half, HalfOf(call.caller, signal));
  std::optional<AccountId> peer;
  if (NeedsFriend(signal.status())) {
    CHAT_ASSIGN_OR_RETURN(peer, feeds_.Friend(call, RosterId{half.own.id()}, half.peer));
    if (!peer) return rpc::Refuse(v1::PERMISSION_DENIED, "Call.feed: not friends");
  }
  const std::string feed = P2pKey(half.own.id(), PhoneId::Parse(half.peer)->roster.value);
  CallStep step;
  CHAT_ASSIGN_OR_RETURN(
      CallRow row,
      store_.Step(call.deadline, feed, signal.id(), AccountId{call.caller.account_id()},
                  [&](const CallStore::Present& present) -> absl::StatusOr<CallRow> {
                    CHAT_ASSIGN_OR_RETURN(CallRow next,
                                          Next(call, signal, half, peer, present, &step));
                    next.feed = feed;
                    return next;
                  }));
  if (row.ended()) Ended(row.end).Increment();
  Relay(call, signal, row, half.own.phone_id() == row.caller_phone_id, step);
  return absl::OkStatus();
}

// The call as it is after the signal.
absl::StatusOr<CallRow> Calls::Next(const rpc::Call& call, const v1::Call& signal,
                                    const FeedHalf& half, std::optional<AccountId> peer,
                                    const CallStore::Present& present, CallStep* step) const {
  CallView view;
  CallRow row;
  if (present.row) {
    row = *present.row;
    const std::string& client = call.caller.client_id();
    view = {.exists = true,
            .ended = row.ended(),
            .answered = row.answered(),
            .by_caller = half.own.phone_id() == row.caller_phone_id,
            .by_answerer = client == row.callee_client};
  }
  *step = Judge(view, signal.status());
  switch (step->kind) {
    case CallStep::Kind::kInvalid:
      return rpc::Refuse(v1::INVALID_DATA, "Call.status: the call is not in that state");
    case CallStep::Kind::kDenied:
      return rpc::Refuse(v1::PERMISSION_DENIED, "Call.id: another device has answered");
    case CallStep::Kind::kRelay:
      return row;
    case CallStep::Kind::kStart:
      if (!signal.has_type()) return rpc::Refuse(v1::INVALID_DATA, "Call.type: audio or video");
      if (present.active >= limits_.per_account) {
        return rpc::Refuse(v1::TOO_MANY, "too many calls at once");
      }
      row.id = signal.id();
      row.type = signal.type();
      row.caller_account = AccountId{call.caller.account_id()};
      row.caller_phone_id = half.own.phone_id();
      row.callee_account = *peer;
      row.callee_phone_id = half.peer;
      row.caller_client = call.caller.client_id();
      row.offered_ms = present.now_ms;
      row.deadline_ms = present.now_ms + limits_.ring_s * 1000;
      return row;
    case CallStep::Kind::kAnswer:
      row.callee_client = call.caller.client_id();
      row.answered_ms = present.now_ms;
      row.deadline_ms = present.now_ms + limits_.life_s * 1000;
      return row;
    case CallStep::Kind::kEnd:
      row.ended_ms = present.now_ms;
      row.end = step->end;
      return row;
  }
  return row;
}

void Calls::Relay(const rpc::Call& call, const v1::Call& signal, const CallRow& row, bool by_caller,
                  const CallStep& step) {
  const std::string& from = by_caller ? row.caller_phone_id : row.callee_phone_id;
  const std::string& to = by_caller ? row.callee_phone_id : row.caller_phone_id;
  const AccountId own = by_caller ? row.caller_account : row.callee_account;
  const AccountId other = by_caller ? row.callee_account : row.caller_account;
  v1::Call relayed = signal;
  relayed.set_from(from);
  *relayed.mutable_p2p() = SortedPair(from, to);
  if (!relayed.has_type()) relayed.set_type(row.type);
  std::vector<redis::Publication> batch;
  // Two rosters of one account may call each other: the device that speaks needs no echo.
  batch.push_back(
      ToAccount(other, to, relayed, call.trace, own == other ? call.caller.client_id() : ""));
  if (!step.others.empty() && own != other) {
    batch.push_back(
        ToAccount(own, from, Cancel(row, from, step.others), call.trace, call.caller.client_id()));
  }
  publish_(std::move(batch));
}

void Calls::Tick() {
  const pg::Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  absl::StatusOr<std::vector<CallRow>> overdue = store_.EndOverdue(deadline);
  if (!overdue.ok()) {
    log::Warn("calls that are overdue could not be ended", {{"why", Message(overdue.status())}});
    return;
  }
  std::vector<redis::Publication> batch;
  for (const CallRow& row : *overdue) {
    Ended(row.end).Increment();
    const v1::Call signal = Cancel(row, row.caller_phone_id, row.answered() ? "ended" : "missed");
    batch.push_back(ToAccount(row.caller_account, row.caller_phone_id, signal, "-"));
    if (row.callee_account != row.caller_account) {
      batch.push_back(ToAccount(row.callee_account, row.callee_phone_id, signal, "-"));
    }
  }
  if (!batch.empty()) publish_(std::move(batch));
}

void Calls::Start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    for (int tick = 0; !wake_.wait_for(lock, kTick, [this] { return stop_; }); ++tick) {
      lock.unlock();
      Tick();
      if (tick % kTicksPerPrune == 0) {
        absl::Status pruned = store_.Prune(std::chrono::steady_clock::now() + kPatience);
        if (!pruned.ok()) log::Warn("old calls stay", {{"why", Message(pruned)}});
      }
      lock.lock();
    }
  });
}

}  // namespace chat::media
