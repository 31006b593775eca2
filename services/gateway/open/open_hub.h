// The open topics of one worker: who subscribed to what, how far the log has been passed on, and
// what its clients publish. Lives on the worker's loop.
//
//   publish -> Publish() -> OpenTopicsInternal.Publish, a batch at a time -> log, Redis `open`
//   Redis `open` -> OnEvent() -> sessions;  a hole, or Redis away: the log is read
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat/v1/open.pb.h"
#include "services/gateway/open/claims.h"
#include "services/gateway/open/filter_tree.h"
#include "services/gateway/open/open_event.h"

namespace chat::gateway {

class Client;
class Worker;
struct GatewayParts;

class OpenHub {
 public:
  explicit OpenHub(Worker& worker);
  ~OpenHub();

  // `done` is called once, on the loop: whether it is committed (QoS 0 that is not retained: sent).
  // Messages of one caller are appended in the order of the calls.
  void Publish(v1::OpenMessage message, std::function<void(bool)> done);
  // For one that could not be committed and that its session counts as taken: each second anew.
  void PublishLater(std::shared_ptr<const v1::OpenMessage> message);

  // A filter as the client subscribed to it, shared ones with their `$share/`.
  void Subscribe(const std::string& filter, uint64_t client);
  void Unsubscribe(const std::string& filter, uint64_t client);

  void OnEvent(const SharedOpenEvent& event);
  void OnRedis(bool up);
  // Each second.
  void Tick();
  // Asks for a message in the name of a group; `done` hears on the loop whether it is ours, or
  // that it is not known.
  void Claim(const SharedOpenEvent& event, const std::string& filter,
             std::function<void(std::optional<bool>)> done);
  // What was read or heard of says that the log reaches at least so far.
  void Learn(int64_t top);
  // Everything up to here was passed on to live sessions.
  int64_t position() const { return position_; }
  // `then` is called when position() has come to `top`, now or later, on the loop.
  void WhenAt(int64_t top, std::function<void()> then);

 private:
  struct Group;
  void PassOn(const SharedOpenEvent& event);
  void PassOnShared(const SharedOpenEvent& event);
  void SendBatch();
  void CatchUp();
  void CallWaiting();
  void TakeWills();

  Worker& worker_;
  FilterTree<uint64_t> filters_;
  FilterTree<std::string> shares_;  // filter -> `$share/…` filters that stand for it
  std::map<std::string, std::shared_ptr<Group>, std::less<>> groups_;
  std::vector<std::pair<v1::OpenMessage, std::function<void(bool)>>> outbox_;
  std::vector<std::shared_ptr<const v1::OpenMessage>> later_;
  int64_t position_ = -1;  // -1: nothing is known yet
  // Who waits for position_, by the value.
  std::multimap<int64_t, std::function<void()>> waiting_;
  bool sending_ = false;
  bool reading_ = false;
  bool redis_up_ = false;
};

}  // namespace chat::gateway
