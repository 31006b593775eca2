#include "tests/load/link.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "libs/client/failure.h"

namespace chat::load {

namespace {

constexpr client::Millis kFirstPauseMs = 100;
constexpr client::Millis kLongestPauseMs = 2'000;
constexpr client::Millis kEstablishMs = 5'000;

std::string ErrorText(int error) { return std::generic_category().message(error); }

}  // namespace

int64_t NowUs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

client::Millis NowMs() { return NowUs() / 1'000; }

absl::StatusOr<Endpoint> Resolve(const std::string& text) {
  const auto address = client::ParseAddress(text);
  if (!address) return absl::InvalidArgumentError("'" + text + "' is not host:port");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address->host.c_str(), address->port.c_str(), &hints, &found);
  if (error != 0) return absl::InvalidArgumentError(text + ": " + gai_strerror(error));
  Endpoint endpoint;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.size = found->ai_addrlen;
  freeaddrinfo(found);
  return endpoint;
}

void Flush(LinkContext& context) {
  // Writing may end a connection, which adds nothing here: links only write when asked.
  for (Link* link : std::exchange(context.unflushed, {})) {
    link->is_unflushed_ = false;
    link->Write();
  }
}

Link::Link(LinkContext& context, size_t gateway, Owner& owner)
    : context_(context), owner_(owner), connection_(context.limits, *this), gateway_(gateway) {}

Link::~Link() {
  CloseSocket();
  std::erase(context_.unflushed, this);
}

void Link::Open(client::ConnectOptions options) {
  options_ = std::move(options);
  wanted_ = true;
  pause_ms_ = 0;
  Attempt(NowMs());
}

void Link::Close() {
  wanted_ = false;
  connection_.Disconnect();
  if (!establishing_) Write();
  CloseSocket();
}

void Link::Tick(client::Millis now) {
  if (!wanted_) return;
  if (socket_ < 0) {
    if (now >= attempt_at_) Attempt(now);
    return;
  }
  if (establishing_) {
    if (now >= give_up_at_) Failed("no connection in time");
    return;
  }
  connection_.OnTime(now);
}

absl::StatusOr<mqtt::PacketId> Link::Publish(const client::Outgoing& outgoing) {
  return connection_.Publish(outgoing, NowMs());
}

absl::StatusOr<mqtt::PacketId> Link::Subscribe(std::vector<mqtt::Subscription> subscriptions) {
  return connection_.Subscribe(std::move(subscriptions), NowMs());
}

void Link::Attempt(client::Millis now) {
  const Endpoint& endpoint = context_.gateways[gateway_ % context_.gateways.size()];
  ++gateway_;
  unsent_.clear();
  was_up_ = false;
  socket_ = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Failed(ErrorText(errno));
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (connect(socket_, address, endpoint.size) != 0 && errno != EINPROGRESS) {
    return Failed(ErrorText(errno));
  }
  establishing_ = true;
  waits_to_write_ = true;
  give_up_at_ = now + kEstablishMs;
  context_.poller.Add(socket_, true, *this);
}

void Link::OnReady(uint32_t events) {
  if (socket_ < 0) return;
  if (establishing_) return Established();
  if ((events & EPOLLOUT) != 0) Write();
  if (socket_ >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) Read();
}

void Link::Established() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Failed(ErrorText(error));
  establishing_ = false;
  const absl::Status begun = connection_.Connect(options_, NowMs());
  if (!begun.ok()) return Failed(std::string(begun.message()));
  Write();
}

void Link::Read() {
  std::array<char, 65'536> bytes;
  const ssize_t count = recv(socket_, bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return Failed(count == 0 ? "the server closed the connection" : ErrorText(errno));
  heard_us_ = NowUs();
  connection_.OnBytes({bytes.data(), static_cast<size_t>(count)}, heard_us_ / 1'000);
}

void Link::Write() {
  if (socket_ < 0 || establishing_) return;
  size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t count = send(socket_, unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) return Failed(ErrorText(errno));
    sent += static_cast<size_t>(count);
  }
  unsent_.erase(0, sent);
  if (waits_to_write_ != !unsent_.empty()) {
    waits_to_write_ = !unsent_.empty();
    context_.poller.Change(socket_, waits_to_write_, *this);
  }
}

void Link::Failed(const std::string& why) {
  if (connection_.state() != client::Connection::State::kClosed) {
    // The server has closed, or the way is cut: that is news, and the time it came.
    heard_us_ = NowUs();
    return connection_.OnNetworkLost(why);
  }
  CloseSocket();
  PlanAttempt();
  owner_.OnDown(client::ConnectionFailure(why), false, heard_us_);
}

void Link::CloseSocket() {
  establishing_ = false;
  if (socket_ < 0) return;
  context_.poller.Remove(socket_);
  close(socket_);
  socket_ = -1;
}

void Link::PlanAttempt() {
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  const auto spread = static_cast<uint64_t>(pause_ms_);
  attempt_at_ = NowMs() + pause_ms_ / 2 + static_cast<client::Millis>(context_.random() % spread);
}

void Link::OnSend(std::string_view bytes) {
  unsent_.append(bytes);
  if (is_unflushed_) return;
  is_unflushed_ = true;
  context_.unflushed.push_back(this);
}

void Link::OnConnected(bool session_present) {
  was_up_ = true;
  pause_ms_ = 0;
  owner_.OnUp(session_present);
}

void Link::OnAcknowledged(mqtt::PacketId id) { owner_.OnAcknowledged(id); }

void Link::OnPublish(const mqtt::Publish& publish, client::Ticket ticket) {
  owner_.OnMessage(publish);
  connection_.Acknowledge(ticket, NowMs());
}

void Link::OnEnded(const absl::Status& why) {
  CloseSocket();
  PlanAttempt();
  owner_.OnDown(why, was_up_, heard_us_);
}

}  // namespace chat::load
