// One event loop of the gateway with the connections that live on it. Other threads reach it by
// posting.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "libs/net/loop.h"
#include "libs/net/tcp_listener.h"
#include "libs/rpc/journeys.h"
#include "services/gateway/gateway_parts.h"
#include "services/gateway/load.h"
#include "services/gateway/n2o/n2o_connection.h"
#include "services/gateway/open/open_hub.h"
#include "services/gateway/session/client.h"
#include "services/gateway/transport/endpoint.h"

namespace chat::gateway {

class Worker : private RoomTable::Host {
 public:
  Worker(size_t index, GatewayParts& parts);
  ~Worker();

  // ---- any thread --------------------------------------------------------------------------
  absl::Status Listen(const Endpoint& endpoint);
  void Start();
  void Post(std::function<void()> work) { loop_.Post(std::move(work)); }
  // Runs `work` on the loop if the connection still lives.
  void ToClient(uint64_t client, std::function<void(Client&)> work);
  // As ToClient, but `work` always runs: with nullptr when the connection is gone.
  void FindClient(uint64_t client, std::function<void(Client*)> work);
  void OnEvent(int64_t account, SharedEvent event);
  void OnRoomEvent(int64_t feed, SharedEvent event);
  void OnHorizon(int64_t horizon);
  void OnRedis(bool up);
  void OnOpen(SharedOpenEvent event);
  void OnOpenRedis(bool up);
  // What is remembered of these messages goes to `done`, on the loop.
  void FindNotes(std::shared_ptr<const v1::NotesRequest> request,
                 std::function<void(v1::NotesReply)> done);
  // Ends the loop; afterwards nothing runs, posting is harmless.
  void StopLoop() { loop_.Stop(); }
  // Stops accepting and ends every connection when its requests are answered, each at a random
  // moment within `paced`, so that clients do not come back to the others all at once.
  void Drain(std::chrono::milliseconds paced);
  // Ends what still lives, whatever it waits for.
  void EndAll();

  // ---- on the loop, for its connections -----------------------------------------------------
  size_t index() const { return index_; }
  GatewayParts& parts() { return parts_; }
  bool redis_up() const { return redis_up_; }
  // Null when the connection is gone.
  Client* Find(uint64_t client);
  OpenHub& open() { return open_; }
  rpc::Journeys& journeys() { return journeys_; }
  Traffic& traffic() { return traffic_; }
  boost::asio::io_context& context() { return loop_.context(); }
  // False: over the rate of CONNECTs.
  bool TakeConnect(int64_t now) {
    std::lock_guard lock(parts_.connects_mutex);
    return parts_.connects.Take(now);
  }
  // `confirmed` posts to the client when nothing of its account is missed any more.
  void JoinAccount(Client& client, std::function<void(Client&)> confirmed);
  void LeaveAccount(Client& client);
  // Calls on the ordered lanes go out when this turn of the loop is over.
  void FlushLanes();
  // OnTime() is called at its next deadline.
  void Arm(Client& client);
  // Destroys it after the current handler.
  void Forget(Client& client);
  void Forget(N2oConnection& connection);

 private:
  struct Account {
    std::vector<Client*> clients;
    std::map<int64_t, int64_t> last;  // feed that spoke -> last position seen
    int64_t verified = 0;             // everything up to here was seen
    uint64_t number = 0;              // no two have one, also of one account
    bool joined = false;              // its channel brings everything from now on
  };
  using Deadline = std::pair<int64_t, uint64_t>;

  // Cursors in one flush, accounts in one question.
  static constexpr size_t kBatch = 1000;

  void Adopt(Transport transport, std::shared_ptr<net::Stream> stream);
  // Whether there is room for a connection of this address, if need be after the oldest one that
  // has not sent its CONNECT has gone.
  bool MakeRoom(const std::string& peer);
  bool EndOldestWaiting();
  void AddClient(std::shared_ptr<net::Stream> stream, Place place);
  void AddN2o(std::shared_ptr<net::Stream> stream, Place place);
  void ReadTlsFiles();
  void EndSilentN2o();
  void HandleEvent(int64_t account, const ReadyEvent& event);
  // Asks for the rooms of accounts: of one that came, of all after Redis was away.
  void LoadRooms(const std::vector<int64_t>& accounts);
  void SetRooms(uint64_t ask, const std::vector<int64_t>& asked, const v1::RoomFeedsReply& reply);
  void OnJoined(int64_t id, uint64_t number);
  // Whether everything published for the account up to now has come to its sessions.
  bool Settled(int64_t id, const Account& account) const;
  // RoomTable::Host
  void Join(int64_t feed) override;
  void Leave(int64_t feed) override;
  void Verify(int64_t feed, const std::vector<int64_t>& accounts) override;
  void Deliver(int64_t account, const ReadyEvent& event) override { HandleEvent(account, event); }
  void Reread(int64_t account) override;
  // Once for all accounts that it is for.
  void NoteArrival(const ReadyEvent& event);
  // Whether an event before this one is missing.
  bool HasGap(Account& account, const ReadyEvent& event);
  void HandleHorizon(int64_t horizon);
  void HandleRedis(bool up);
  void FireDeadlines();
  void SendAway();
  void FlushCursors();
  // These could not be stored.
  void FlushAgain(const std::vector<int64_t>& sessions);
  void AskChanges();
  void AskRevoked();
  void EndIdleChannels();
  // Sessions that have ended elsewhere, unless they end by themselves now (O11).
  void EndRevoked(const std::set<int64_t>& gone);
  void RetryFailed();
  void TickOpen() { open_.Tick(); }
  void TellFigures();

  const size_t index_;
  GatewayParts& parts_;
  net::Loop loop_;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  std::vector<std::unique_ptr<net::Every>> ticks_;
  std::unordered_map<uint64_t, std::unique_ptr<Client>> clients_;
  std::unordered_set<std::shared_ptr<N2oConnection>> n2o_;
  std::deque<uint64_t> waiting_;  // clients that had not sent CONNECT when looked at, oldest first
  std::unordered_map<int64_t, Account> accounts_;
  RoomTable rooms_{*this};
  uint64_t accounts_seen_ = 0;
  std::vector<int64_t> joined_;  // in this turn of the loop
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  // While draining: when who goes.
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> departures_;
  int64_t fired_at_ms_ = 0;
  bool flush_posted_ = false;
  OpenHub open_{*this};
  rpc::Journeys journeys_;
  Traffic traffic_;
  LoadFigures figures_;
  int64_t last_arrived_ = 0;  // position
  uint64_t next_client_ = 1;
  int64_t horizon_ = 0;
  int64_t changes_above_ = 0;
  bool redis_up_ = false;
};

}  // namespace chat::gateway
