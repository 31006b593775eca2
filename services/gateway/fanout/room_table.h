// The rooms of the accounts on one worker: which accounts get what a room's channel brings. An
// event is passed on only to accounts that are known to be in the version of the room that it was
// made for (v1.Event.members_version); where a newer one is named, messaging is asked first and the
// event waits. Whoever loses the room with an event (v1.Event.losers) has it before it goes. Pure:
// no clock, no I/O; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "services/gateway/session/event_flow.h"

namespace chat::gateway {

using SharedEvent = std::shared_ptr<const ReadyEvent>;

class RoomTable {
 public:
  class Host {
   public:
    // The room's channel is wanted, or no more.
    virtual void Join(int64_t feed) = 0;
    virtual void Leave(int64_t feed) = 0;
    // Which of these accounts are in the room? The answer comes to OnMembers or OnVerifyFailed.
    virtual void Verify(int64_t feed, const std::vector<int64_t>& accounts) = 0;
    virtual void Deliver(int64_t account, const ReadyEvent& event) = 0;
    // Events of the account may have passed by: its sessions read on in history.
    virtual void Reread(int64_t account) = 0;

   protected:
    ~Host() = default;
  };

  explicit RoomTable(Host& host) : host_(host) {}

  // Messaging is being asked for the rooms of these accounts; the number goes with its answer. Only
  // the answer to the newest question about an account counts.
  uint64_t Ask(const std::vector<int64_t>& accounts);
  // The account's rooms as messaging has them: (feed, version of its members).
  void SetRooms(uint64_t ask, int64_t account,
                const std::vector<std::pair<int64_t, int64_t>>& rooms);
  // There was no answer: UnknownAccounts() has them until they are asked for again.
  void OnAskFailed(uint64_t ask, const std::vector<int64_t>& accounts);
  std::vector<int64_t> UnknownAccounts() const { return {unknown_.begin(), unknown_.end()}; }
  // The account has no session here any more.
  void Forget(int64_t account);
  // The channel brings everything from now on.
  void OnSubscribed(int64_t feed);
  void OnEvent(int64_t feed, SharedEvent event);
  // `members`: those of the asked accounts who are in it, as of `version`; none: nobody.
  void OnMembers(int64_t feed, int64_t version, const std::vector<int64_t>& members);
  void OnVerifyFailed(int64_t feed);
  // Asks again for rooms that could not be verified; now and then.
  void Retry();

  // Its rooms are known, and nothing of them is missed or held back. Until then its cursors must
  // not rise: what they rise over is not read again.
  bool Settled(int64_t account) const;

  size_t size() const { return rooms_.size(); }

 private:
  struct Room {
    int64_t version = 0;
    std::vector<int64_t> accounts;
    std::vector<int64_t> asked;  // being verified; empty: nothing is asked
    std::deque<SharedEvent> held;
    bool missed = false;  // more came than was held
    bool subscribed = false;
  };
  struct Own {
    std::vector<int64_t> feeds;
    uint64_t asked = 0;  // the newest question
    uint64_t known = 0;  // the one that was answered
  };
  static constexpr size_t kMaxHeld = 256;

  void Add(int64_t account, int64_t feed, int64_t version);
  void Remove(int64_t account, int64_t feed);
  // Remove, once the account has heard what is held of its loss.
  void Dismiss(int64_t account, int64_t feed);
  void VerifyMembers(int64_t feed, Room& room);
  void Pass(const Room& room, const ReadyEvent& event);

  Host& host_;
  std::unordered_map<int64_t, Room> rooms_;  // by feed
  std::unordered_map<int64_t, Own> accounts_;
  std::unordered_set<int64_t> unknown_;
  uint64_t asks_ = 0;
};

}  // namespace chat::gateway
