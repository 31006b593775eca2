#include "services/roster/herald.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

constexpr int64_t kGatherMs = 200;
constexpr int64_t kRetryMs = 1000;
constexpr int kAttempts = 5;
constexpr size_t kAccountsPerBatch = 50;
constexpr int kThreads = 4;
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::seconds kTaken{1};

int64_t NowMs() { return Clock::System().MonotonicMs(); }

v1::Event ContactEvent(const char* family, v1::Contact contact, const std::string& trace) {
  v1::Event event;
  event.set_topic(family + contact.phone_id());
  *event.mutable_record()->mutable_contact() = std::move(contact);
  event.set_trace(trace);
  return event;
}

}  // namespace

Herald::Herald(PgAudience& audience, Rooms& rooms, Presence& presence, Transient& transient,
               size_t max_waiting)
    : audience_(audience),
      rooms_(rooms),
      presence_(presence),
      transient_(transient),
      max_waiting_(max_waiting),
      told_(metrics::Counter("chat_roster_presence_told_total",
                             "Public Contacts told on ac/ or muc/.")),
      dropped_(
          metrics::Counter("chat_roster_presence_dropped_total",
                           "Accounts not told about: the queue was full, or what must be asked "
                           "for it stayed away.")) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
}

Herald::~Herald() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Herald::Changed(AccountId account, RosterId roster, Reach reach) {
  Pending pending;
  pending.rosters[roster] = reach;
  pending.due_ms = NowMs() + kGatherMs;
  Note(account, pending);
}

void Herald::Changed(AccountId account) {
  Pending pending;
  pending.all = true;
  pending.due_ms = NowMs() + kGatherMs;
  Note(account, pending);
}

bool Herald::has_room() const {
  std::lock_guard lock(mutex_);
  return waiting_.size() < max_waiting_ / 2;
}

void Herald::Note(AccountId account, const Pending& pending) {
  std::lock_guard lock(mutex_);
  auto found = waiting_.find(account);
  if (found == waiting_.end()) {
    if (waiting_.size() >= max_waiting_) return dropped_.Increment();
    waiting_[account] = pending;
    return wake_.notify_one();
  }
  found->second.all |= pending.all;
  for (const auto& [roster, reach] : pending.rosters) {
    Reach& wanted = found->second.rosters[roster];
    wanted = std::max(wanted, reach);
  }
}

Herald::Batch Herald::TakeDue(int64_t now_ms, int64_t* next_ms) {
  Batch batch;
  *next_ms = now_ms + kRetryMs;
  for (auto it = waiting_.begin(); it != waiting_.end() && batch.size() < kAccountsPerBatch;) {
    const bool due = it->second.due_ms <= now_ms && !busy_.contains(it->first);
    if (!due) {
      *next_ms = std::min(*next_ms, std::max(it->second.due_ms, now_ms + kGatherMs / 10));
      ++it;
      continue;
    }
    busy_.insert(it->first);
    batch.insert(waiting_.extract(it++));
  }
  return batch;
}

void Herald::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    int64_t next_ms = 0;
    const int64_t now_ms = NowMs();
    Batch batch = TakeDue(now_ms, &next_ms);
    if (batch.empty()) {
      wake_.wait_for(lock, std::chrono::milliseconds(waiting_.empty() ? 60'000 : next_ms - now_ms));
      continue;
    }
    lock.unlock();
    const absl::Status told = Tell(batch);
    if (!told.ok()) log::Warn("presence is not told", {{"why", Message(told)}});
    lock.lock();
    for (const auto& [account, pending] : batch) busy_.erase(account);
    if (told.ok() || stopping_) continue;
    lock.unlock();
    for (auto& [account, pending] : batch) {
      if (++pending.attempts >= kAttempts) {
        dropped_.Increment();
        continue;
      }
      pending.due_ms = NowMs() + kRetryMs;
      Note(account, pending);
    }
    lock.lock();
  }
}

absl::StatusOr<std::vector<Herald::Told>> Herald::Rosters(const rpc::Call& call,
                                                          const Batch& batch) {
  std::vector<AccountId> accounts;
  for (const auto& [account, pending] : batch) accounts.push_back(account);
  CHAT_ASSIGN_OR_RETURN(std::vector<RosterRow> rows, audience_.RostersOf(call.deadline, accounts));
  std::vector<Told> rosters;
  for (RosterRow& row : rows) {
    const Pending& pending = batch.at(row.account);
    const auto named = pending.rosters.find(row.id);
    if (pending.all) {
      rosters.push_back({std::move(row), Reach::kFriendsAndCoMembers});
    } else if (named != pending.rosters.end()) {
      rosters.push_back({std::move(row), named->second});
    }
  }
  return rosters;
}

absl::StatusOr<std::vector<AccountId>> Herald::CoMembers(const rpc::Call& call, RosterId roster) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterId> members, rooms_.CoMembers(call, roster));
  if (members.empty()) return std::vector<AccountId>();
  return audience_.Unbarred(call.deadline, roster, members);
}

absl::StatusOr<std::vector<Transient::Addressed>> Herald::Addressed(
    const rpc::Call& call, const std::vector<Told>& rosters) {
  std::vector<RosterId> ids;
  std::vector<AccountId> own;
  for (const Told& told : rosters) {
    ids.push_back(told.roster.id);
    own.push_back(told.roster.account);
  }
  CHAT_ASSIGN_OR_RETURN(auto friends, audience_.Friends(call.deadline, ids));
  std::vector<std::vector<AccountId>> members(rosters.size());
  for (size_t i = 0; i < rosters.size(); ++i) {
    if (rosters[i].reach == Reach::kFriends) continue;
    CHAT_ASSIGN_OR_RETURN(members[i], CoMembers(call, ids[i]));
  }
  // Asked last: what was asked before may have taken its time.
  const std::vector<bool> online = presence_.Online(own);
  std::vector<Transient::Addressed> events;
  for (size_t i = 0; i < rosters.size(); ++i) {
    const v1::Contact contact = PublicContact(rosters[i].roster, online[i]);
    std::vector<AccountId>& close = friends[ids[i]];
    if (!close.empty()) {
      events.push_back({ContactEvent("ac/", contact, call.trace), std::move(close)});
    }
    if (!members[i].empty()) {
      events.push_back({ContactEvent("muc/", contact, call.trace), std::move(members[i])});
    }
  }
  return events;
}

absl::Status Herald::Tell(const Batch& batch) {
  const rpc::Call call = rpc::Background(kTimeout);
  CHAT_ASSIGN_OR_RETURN(const std::vector<Told> rosters, Rosters(call, batch));
  if (rosters.empty()) return absl::OkStatus();
  CHAT_ASSIGN_OR_RETURN(std::vector<Transient::Addressed> events, Addressed(call, rosters));
  told_.Increment(static_cast<double>(events.size()));
  transient_.ToAccounts(std::move(events));
  return absl::OkStatus();
}

absl::Status Herald::Removing(const rpc::Call& call, const RosterRow& roster) {
  CHAT_ASSIGN_OR_RETURN(std::vector<Transient::Addressed> events,
                        Addressed(call, {{roster, Reach::kFriendsAndCoMembers}}));
  CHAT_ASSIGN_OR_RETURN(const int64_t now_ms, audience_.NowMs(call.deadline));
  for (Transient::Addressed& one : events) {
    v1::Contact& contact = *one.event.mutable_record()->mutable_contact();
    contact.Clear();
    contact.set_phone_id(roster.phone_id().text());
    contact.set_update(now_ms);
    contact.set_status(v1::Contact::REMOVE);
  }
  auto taken = std::make_shared<std::promise<void>>();
  transient_.ToAccounts(std::move(events), [taken](bool) { taken->set_value(); });
  taken->get_future().wait_for(kTaken);
  return absl::OkStatus();
}

}  // namespace chat::roster
