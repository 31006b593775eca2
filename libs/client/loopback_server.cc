#include "libs/client/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <utility>

#include "libs/base/clock.h"

namespace chat::client {

namespace {

int64_t Now() { return Clock::System().MonotonicMs(); }

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

class LoopbackServer::Peer final : public LoopbackPeer, private mqtt::ConnectionHandler {
 public:
  Peer(LoopbackServer& server, int descriptor)
      : server_(server),
        descriptor_(descriptor),
        connection_(server.connection_limits_, *this, Now()) {}
  ~Peer() { Drop(); }

  int descriptor() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }

  void Read() {
    char buffer[65'536];
    const ssize_t count = recv(descriptor_, buffer, sizeof(buffer), 0);
    if (count <= 0) return Drop();
    {
      const std::lock_guard lock(server_.mutex_);
      server_.bytes_received_ += static_cast<uint64_t>(count);
    }
    connection_.OnBytes({buffer, static_cast<size_t>(count)}, Now());
  }
  void Drop() {
    if (!open()) return;
    close(std::exchange(descriptor_, -1));
    connection_.OnNetworkLost();
    Forget();
  }
  void Close() { connection_.Close(mqtt::Reason::kSessionTakenOver); }

  const std::string& client_id() const override { return client_id_; }
  const std::string& password() const override { return password_; }
  void SendFirst(std::string_view topic, std::string_view payload) override {
    stored_->payloads[server_.next_token_] = payload;
    stored_->session.DeliverFirst(mqtt::Message::Create(topic, payload), mqtt::Qos::kExactlyOnce,
                                  server_.next_token_++);
  }
  void Send(std::string_view topic, std::string_view payload) override {
    stored_->payloads[server_.next_token_] = payload;
    stored_->session.Deliver(mqtt::Message::Create(topic, payload), mqtt::Qos::kExactlyOnce,
                             server_.next_token_++);
  }
  void Withhold() override { withheld_ = true; }

 private:
  void OnSend(std::string_view bytes) override {
    while (open() && !bytes.empty()) {
      const ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) break;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
  }
  void OnConnect(const mqtt::Connect& connect) override {
    client_id_ = connect.client_id;
    password_ = connect.password.value_or("");
    const mqtt::ConnectCode code = server_.script_.connect(*this);
    if (code != mqtt::ConnectCode::kAccepted) return connection_.Refuse(code);
    const bool present = !connect.clean_session && server_.sessions_.contains(client_id_);
    if (server_.sessions_.contains(client_id_)) {
      Peer* older = server_.sessions_[client_id_]->peer;
      if (older != nullptr) older->Close();
    }
    if (!present) server_.sessions_.erase(client_id_);
    stored_ = &server_.SessionOf(client_id_);
    stored_->peer = this;
    connection_.Accept(stored_->session, present, Now());
    server_.script_.greet(*this);
    connection_.Proceed();
    stored_->session.Resume();
  }
  void OnPublish(const mqtt::Publish& publish, mqtt::InboundHandle handle) override {
    withheld_ = false;
    server_.script_.publish(*this, publish.topic, publish.payload);
    stored_->session.AckInbound(
        handle, withheld_ ? mqtt::Reason::kImplementationSpecificError : mqtt::Reason::kSuccess);
  }
  void OnSubscribe(const mqtt::Subscribe& subscribe) override {
    const std::vector<uint8_t> codes(subscribe.subscriptions.size(), mqtt::kSubackFailure);
    connection_.Suback(subscribe.id, codes);
  }
  void OnUnsubscribe(const mqtt::Unsubscribe& unsubscribe) override {
    connection_.Unsuback(unsubscribe.id, std::vector<uint8_t>(unsubscribe.filters.size(), 0));
  }
  void OnAcknowledged(mqtt::Token token) override { server_.Acknowledged(*stored_, token); }
  void OnDrained() override {}
  void OnReadable() override {}
  void OnClosed(mqtt::Closed) override {
    if (open()) close(std::exchange(descriptor_, -1));
    Forget();
  }
  void Forget() {
    if (stored_ != nullptr && stored_->peer == this) stored_->peer = nullptr;
  }

  LoopbackServer& server_;
  int descriptor_;
  std::string client_id_;
  std::string password_;
  Stored* stored_ = nullptr;
  bool withheld_ = false;
  mqtt::Connection connection_;
};

LoopbackServer::LoopbackServer(LoopbackScript script) : script_(std::move(script)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  Require(bind(listener_, reinterpret_cast<sockaddr*>(&name), size) == 0);
  Require(listen(listener_, 16) == 0);
  Require(getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  port_ = ntohs(name.sin_port);
  Require(pipe(wake_) == 0);
  thread_ = std::thread([this] { Run(); });
}

LoopbackServer::~LoopbackServer() {
  Post([this] {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  });
  thread_.join();
  peers_.clear();
  for (const int descriptor : {listener_, wake_[0], wake_[1]}) close(descriptor);
}

Address LoopbackServer::address() const { return {"127.0.0.1", std::to_string(port_)}; }

void LoopbackServer::Deliver(const std::string& client_id, std::string topic, std::string payload,
                             mqtt::Qos qos) {
  Post([this, client_id, topic = std::move(topic), payload = std::move(payload), qos] {
    Stored& stored = SessionOf(client_id);
    stored.payloads[next_token_] = payload;
    stored.session.Deliver(mqtt::Message::Create(topic, payload), qos, next_token_++);
  });
}

void LoopbackServer::DropAll() {
  Post([this] {
    for (const auto& peer : peers_) peer->Drop();
  });
}

void LoopbackServer::AwaitPosted() {
  std::promise<void> done;
  Post([&done] { done.set_value(); });
  done.get_future().wait();
}

std::vector<std::string> LoopbackServer::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

uint64_t LoopbackServer::bytes_received() const {
  const std::lock_guard lock(mutex_);
  return bytes_received_;
}

void LoopbackServer::Run() {
  while (true) {
    std::vector<pollfd> entries = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    std::vector<Peer*> peers;
    for (const auto& peer : peers_) {
      entries.push_back({peer->descriptor(), POLLIN, 0});
      peers.push_back(peer.get());
    }
    if (poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[1].revents != 0) {
      char byte;
      Require(read(wake_[0], &byte, 1) == 1);
      std::vector<std::function<void()>> work;
      {
        const std::lock_guard lock(mutex_);
        work = std::exchange(posted_, {});
      }
      for (const auto& one : work) one();
    }
    for (size_t i = 0; i < peers.size(); ++i) {
      if (entries[i + 2].revents != 0 && peers[i]->open()) peers[i]->Read();
    }
    if (entries[0].revents != 0) Accept();
    peers_.remove_if([](const auto& peer) { return !peer->open(); });
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void LoopbackServer::Accept() {
  const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (descriptor < 0) return;
  // Else a reply waits for an acknowledgement of TCP, and a close with unread bytes drops it.
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  peers_.push_back(std::make_unique<Peer>(*this, descriptor));
}

void LoopbackServer::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }
  Require(write(wake_[1], "x", 1) == 1);
}

LoopbackServer::Stored& LoopbackServer::SessionOf(const std::string& client_id) {
  auto& stored = sessions_[client_id];
  if (!stored) stored = std::make_unique<Stored>(session_limits_);
  return *stored;
}

void LoopbackServer::Acknowledged(Stored& stored, mqtt::Token token) {
  const auto found = stored.payloads.find(token);
  if (found == stored.payloads.end()) return;
  const std::lock_guard lock(mutex_);
  acknowledged_.push_back(found->second);
}

}  // namespace chat::client
