// For tests: a little MQTT server on the loopback, made of the server's half of libs/mqtt. It keeps
// sessions by client id and does what the test's script says.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "libs/client/address.h"
#include "libs/mqtt/connection.h"
#include "libs/mqtt/session.h"

namespace chat::client {

// One client as the script sees it; valid during the call.
class LoopbackPeer {
 public:
  virtual const std::string& client_id() const = 0;
  virtual const std::string& password() const = 0;
  // Sends now, before what is stored.
  virtual void SendFirst(std::string_view topic, std::string_view payload) = 0;
  // Sends at QoS 2, or stores it behind the window.
  virtual void Send(std::string_view topic, std::string_view payload) = 0;
  // As the server does under O4: the connection ends without acknowledgement.
  virtual void Withhold() = 0;

 protected:
  ~LoopbackPeer() = default;
};

// Called on the server's thread.
struct LoopbackScript {
  std::function<mqtt::ConnectCode(LoopbackPeer&)> connect = [](LoopbackPeer&) {
    return mqtt::ConnectCode::kAccepted;
  };
  std::function<void(LoopbackPeer&)> greet = [](LoopbackPeer&) {};
  // Acknowledged when it returns, unless it withholds.
  std::function<void(LoopbackPeer&, std::string_view topic, std::string_view payload)> publish =
      [](LoopbackPeer&, std::string_view, std::string_view) {};
};

class LoopbackServer {
 public:
  explicit LoopbackServer(LoopbackScript script);
  // Closes all connections and joins the thread.
  ~LoopbackServer();

  Address address() const;
  // Into the client's session, which comes into being if it is not there. From any thread.
  void Deliver(const std::string& client_id, std::string topic, std::string payload,
               mqtt::Qos qos = mqtt::Qos::kExactlyOnce);
  // Ends the connections without a word; the sessions stay. From any thread, does not wait.
  void DropAll();
  // Returns when all of the above has been done.
  void AwaitPosted();
  // Payloads whose delivery a client has acknowledged (PUBACK or PUBCOMP), in order.
  std::vector<std::string> acknowledged() const;
  // PINGREQ and other bytes that have come in. For a test that waits for traffic.
  uint64_t bytes_received() const;

 private:
  class Peer;
  struct Stored {
    explicit Stored(const mqtt::SessionLimits& limits) : session(limits) {}
    mqtt::Session session;
    Peer* peer = nullptr;
    std::map<mqtt::Token, std::string> payloads;
  };

  void Run();
  void Accept();
  void Post(std::function<void()> work);
  Stored& SessionOf(const std::string& client_id);
  void Acknowledged(Stored& stored, mqtt::Token token);

  LoopbackScript script_;
  mqtt::ConnectionLimits connection_limits_;
  mqtt::SessionLimits session_limits_;
  std::map<std::string, std::unique_ptr<Stored>> sessions_;
  std::list<std::unique_ptr<Peer>> peers_;
  mqtt::Token next_token_ = 1;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  uint16_t port_ = 0;

  mutable std::mutex mutex_;  // the rest
  std::vector<std::function<void()>> posted_;
  std::vector<std::string> acknowledged_;
  uint64_t bytes_received_ = 0;
  bool stopping_ = false;

  std::thread thread_;  // last: starts when all is there
};

}  // namespace chat::client
