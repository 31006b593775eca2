#include "libs/redis/subscriber.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/redis/address.h"
#include "libs/redis/connection.h"
#include "libs/redis/subscriptions.h"

namespace chat::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kConnectTimeout{1000};
constexpr milliseconds kPingWhenIdle{2000};
constexpr milliseconds kDeadWhenSilent{5000};

std::string_view TextOf(const redisReply* reply) { return {reply->str, reply->len}; }

// Wakes the thread out of poll().
class Wake {
 public:
  Wake() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Wake() { ::close(fd_); }
  void Notify() {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(fd_, &one, sizeof one);
  }
  void Clear() {
    uint64_t count = 0;
    [[maybe_unused]] ssize_t taken = ::read(fd_, &count, sizeof count);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

struct Subscriber::State {
  struct Change {
    bool subscribe;
    std::vector<std::string> channels;
  };

  State(std::string address_, Callbacks callbacks_)
      : address(std::move(address_)), callbacks(std::move(callbacks_)) {}

  void Loop();
  bool Connect();
  void Lose(const std::string& why);
  void TakeChanges();
  void Send(const std::vector<Command>& commands);
  void Ping();
  void Pump();
  bool Flush(bool* pending);
  bool ReadSome();
  bool HandleAll();
  bool Handle(const redisReply& reply);
  void ReportConfirmed();
  bool CheckTime();
  void WaitFor(milliseconds longest, bool write);

  const std::string address;
  const Callbacks callbacks;
  prometheus::Gauge& up_gauge = metrics::Gauge("chat_redis_up", "1 while the connection stands.",
                                               {{"connection", "subscriber"}});
  Wake wake;
  std::mutex mutex;
  std::vector<Change> changes;
  std::atomic<bool> stop{false};
  std::atomic<bool> up{false};

  // Of the thread alone.
  Context context;
  Subscriptions subscriptions;
  std::vector<std::string> confirmed;
  Backoff backoff;
  bool answered = false;  // the first ping, so the server is of use
  bool pinged = false;
  bool complained = false;
  steady_clock::time_point heard{};
  std::thread thread;
};

void Subscriber::State::WaitFor(milliseconds longest, bool write) {
  short events = static_cast<short>(POLLIN | (write ? POLLOUT : 0));
  pollfd fds[] = {{wake.fd(), POLLIN, 0}, {context == nullptr ? -1 : context->fd, events, 0}};
  ::poll(fds, 2, static_cast<int>(std::max<int64_t>(longest.count(), 0)));
  if (fds[0].revents != 0) wake.Clear();
}

// Awaits the handshake of TCP; true when it stands.
bool Subscriber::State::Connect() {
  auto parsed = Address::Parse(address);
  if (!parsed.has_value()) return false;
  context.reset(redisConnectNonBlock(parsed->host.c_str(), parsed->port));
  if (context == nullptr || context->err != 0) return false;
  auto limit = steady_clock::now() + kConnectTimeout;
  while (!stop && steady_clock::now() < limit) {
    pollfd event{context->fd, POLLOUT, 0};
    if (::poll(&event, 1, 50) <= 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(context->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
      return false;
    }
    context->flags |= REDIS_CONNECTED;
    return true;
  }
  return false;
}

void Subscriber::State::Lose(const std::string& why) {
  context.reset();
  confirmed.clear();
  up_gauge.Set(0);
  if (!complained)
    log::Warn("subscriptions to Redis are lost", {{"address", address}, {"why", why}});
  complained = true;
  if (!up.exchange(false)) return;
  if (callbacks.on_connection) callbacks.on_connection(false);
}

void Subscriber::State::TakeChanges() {
  std::vector<Change> taken;
  {
    std::lock_guard lock(mutex);
    taken.swap(changes);
  }
  std::vector<Command> commands;
  std::vector<Command>* wanted = context == nullptr ? nullptr : &commands;
  for (Change& change : taken) {
    if (change.subscribe) {
      subscriptions.Want(std::move(change.channels), wanted);
    } else {
      subscriptions.Unwant(std::move(change.channels), wanted);
    }
  }
  Send(commands);
}

void Subscriber::State::Send(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    std::vector<const char*> words = {command.subscribe ? "SUBSCRIBE" : "UNSUBSCRIBE"};
    std::vector<size_t> lengths = {std::string_view(words[0]).size()};
    for (const std::string& channel : command.channels) {
      words.push_back(channel.data());
      lengths.push_back(channel.size());
    }
    redisAppendCommandArgv(context.get(), static_cast<int>(words.size()), words.data(),
                           lengths.data());
  }
}

void Subscriber::State::Ping() {
  pinged = true;
  redisAppendCommand(context.get(), "PING");
}

bool Subscriber::State::Flush(bool* pending) {
  int done = 0;
  if (redisBufferWrite(context.get(), &done) != REDIS_OK) return false;
  *pending = done == 0;
  return true;
}

bool Subscriber::State::ReadSome() {
  pollfd event{context->fd, POLLIN, 0};
  if (::poll(&event, 1, 0) <= 0) return true;
  if (redisBufferRead(context.get()) != REDIS_OK) return false;
  heard = steady_clock::now();
  pinged = false;
  return true;
}

bool Subscriber::State::HandleAll() {
  while (context != nullptr) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context.get(), &raw) != REDIS_OK) return false;
    if (raw == nullptr) return true;
    Reply reply(static_cast<redisReply*>(raw));
    if (!Handle(*reply)) return false;
    heard = steady_clock::now();  // callbacks take time that is not the server's silence
  }
  return true;
}

// False when the server says that it is of no use.
bool Subscriber::State::Handle(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_STATUS) answered = true;  // PONG while nothing is subscribed
  if (reply.type == REDIS_REPLY_ERROR) return false;
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements < 2) return true;
  std::string_view kind = TextOf(reply.element[0]);
  if (kind == "pong") {
    answered = true;
  } else if (reply.elements < 3 || reply.element[1]->type != REDIS_REPLY_STRING) {
    return true;
  } else if (kind == "message") {
    if (callbacks.on_message)
      callbacks.on_message(TextOf(reply.element[1]), TextOf(reply.element[2]));
  } else if (kind == "subscribe") {
    std::string_view channel = TextOf(reply.element[1]);
    if (subscriptions.Confirm(channel)) confirmed.emplace_back(channel);
  } else if (kind == "unsubscribe") {
    subscriptions.ConfirmUnsubscribed(TextOf(reply.element[1]));
  }
  return true;
}

void Subscriber::State::ReportConfirmed() {
  if (!confirmed.empty()) {
    std::vector<std::string> channels;
    channels.swap(confirmed);
    if (callbacks.on_subscribed) callbacks.on_subscribed(channels);
  }
  if (up || !answered || !subscriptions.restored()) return;
  up = true;
  up_gauge.Set(1);
  backoff.Reset();
  complained = false;
  log::Info("subscribed to Redis", {{"address", address}, {"channels", subscriptions.wanted()}});
  if (callbacks.on_connection) callbacks.on_connection(true);
}

bool Subscriber::State::CheckTime() {
  auto silence = steady_clock::now() - heard;
  if (silence > kDeadWhenSilent) return false;
  if (silence > kPingWhenIdle && !pinged) Ping();
  return true;
}

// While the connection stands.
void Subscriber::State::Pump() {
  while (!stop) {
    TakeChanges();
    if (!CheckTime()) return Lose("the server is silent");
    bool pending = false;
    if (!Flush(&pending)) return Lose("cannot write");
    auto next = heard + (pinged ? kDeadWhenSilent : kPingWhenIdle) - steady_clock::now();
    WaitFor(std::chrono::duration_cast<milliseconds>(next) + milliseconds(1), pending);
    if (!ReadSome()) return Lose(context->errstr);
    if (!HandleAll()) return Lose("an answer that is an error");
    ReportConfirmed();
  }
}

void Subscriber::State::Loop() {
  while (!stop) {
    TakeChanges();
    if (Connect()) {
      answered = false;
      heard = steady_clock::now();
      Ping();
      Send(subscriptions.Restart());
      Pump();
    } else {
      Lose("cannot connect");
    }
    auto next = steady_clock::now() + backoff.Next();
    while (!stop && steady_clock::now() < next) {
      WaitFor(
          std::chrono::duration_cast<milliseconds>(next - steady_clock::now()) + milliseconds(1),
          false);
      TakeChanges();
    }
  }
  context.reset();
  up_gauge.Set(0);
}

Subscriber::Subscriber(std::string address, Callbacks callbacks)
    : state_(std::make_unique<State>(std::move(address), std::move(callbacks))) {
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

Subscriber::~Subscriber() {
  state_->stop = true;
  state_->wake.Notify();
  state_->thread.join();
}

void Subscriber::Subscribe(std::vector<std::string> channels) {
  if (channels.empty()) return;
  {
    std::lock_guard lock(state_->mutex);
    state_->changes.push_back({true, std::move(channels)});
  }
  state_->wake.Notify();
}

void Subscriber::Unsubscribe(std::vector<std::string> channels) {
  if (channels.empty()) return;
  {
    std::lock_guard lock(state_->mutex);
    state_->changes.push_back({false, std::move(channels)});
  }
  state_->wake.Notify();
}

bool Subscriber::up() const { return state_->up; }

}  // namespace chat::redis
