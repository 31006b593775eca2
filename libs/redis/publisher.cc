#include "libs/redis/publisher.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/redis/connection.h"

namespace chat::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of connecting, and of each read and write. A server that hangs costs this once.
constexpr milliseconds kTimeout{500};
constexpr milliseconds kLastFlush{1000};
constexpr size_t kPipelineCount = 1000;
constexpr size_t kPipelineBytes = 1 << 20;
constexpr milliseconds kPingEvery{
    1000};  // an idle server that has gone is noticed before it is needed

struct Batch {
  std::vector<Publication> publications;
  std::function<void(bool)> done;
  bool refused = false;
};

struct Figures {
  prometheus::Counter& published =
      metrics::Counter("chat_redis_published_total", "Publications that Redis has taken.");
  prometheus::Counter& failed =
      metrics::Counter("chat_redis_publish_failures_total", "Publications refused or lost.");
  prometheus::Gauge& up = metrics::Gauge("chat_redis_up", "1 while the connection stands.",
                                         {{"connection", "publisher"}});
};

}  // namespace

struct Publisher::State {
  State(std::string address_, size_t max_queue_)
      : address(std::move(address_)), max_queue(max_queue_) {}

  void Loop();
  void Connect();
  void Lose(const std::string& why);
  void Work();
  std::vector<Batch> TakePipeline();
  void Send(std::vector<Batch> batches);
  void FailAll();
  void Finish(Batch& batch, bool ok);

  const std::string address;
  const size_t max_queue;
  Figures figures;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Batch> queue;  // refused ones carry no publications
  size_t queued = 0;        // publications in it
  bool stop = false;

  // Of the thread alone.
  std::unique_ptr<Connection> connection;
  Backoff backoff;
  steady_clock::time_point next_attempt{};
  bool complained = false;
  std::thread thread;
};

void Publisher::State::Finish(Batch& batch, bool ok) {
  if (batch.done) batch.done(ok);
}

void Publisher::State::Connect() {
  auto opened = Connection::Open(address, kTimeout);
  if (!opened.ok()) {
    Lose(Message(opened.status()));
    return;
  }
  connection = *std::move(opened);
  backoff.Reset();
  complained = false;
  figures.up.Set(1);
  log::Info("publishes to Redis", {{"address", address}});
}

void Publisher::State::Lose(const std::string& why) {
  connection.reset();
  figures.up.Set(0);
  next_attempt = steady_clock::now() + backoff.Next();
  if (complained) return;
  complained = true;
  log::Warn("Redis is away: publishes fail", {{"address", address}, {"why", why}});
}

std::vector<Batch> Publisher::State::TakePipeline() {
  std::vector<Batch> taken;
  size_t count = 0;
  size_t bytes = 0;
  std::lock_guard lock(mutex);
  while (!queue.empty() && count < kPipelineCount && bytes < kPipelineBytes) {
    Batch& batch = queue.front();
    count += batch.publications.size();
    for (const Publication& p : batch.publications) bytes += p.channel.size() + p.payload.size();
    queued -= batch.publications.size();
    taken.push_back(std::move(batch));
    queue.pop_front();
  }
  return taken;
}

void Publisher::State::Send(std::vector<Batch> batches) {
  for (const Batch& batch : batches) {
    for (const Publication& p : batch.publications) {
      connection->Append({"PUBLISH", p.channel, p.payload});
    }
  }
  bool lost = false;
  for (Batch& batch : batches) {
    size_t taken = 0;
    for (size_t i = 0; i < batch.publications.size() && !lost; ++i) {
      Reply reply = connection->Read();
      lost = reply == nullptr;
      if (!lost && reply->type == REDIS_REPLY_INTEGER) ++taken;
    }
    figures.published.Increment(static_cast<double>(taken));
    figures.failed.Increment(static_cast<double>(batch.publications.size() - taken));
    Finish(batch, !batch.refused && taken == batch.publications.size());
  }
  if (lost) Lose("the connection was lost");
}

void Publisher::State::FailAll() {
  std::deque<Batch> failed;
  {
    std::lock_guard lock(mutex);
    failed.swap(queue);
    queued = 0;
  }
  for (Batch& batch : failed) {
    figures.failed.Increment(static_cast<double>(batch.publications.size()));
    Finish(batch, false);
  }
}

void Publisher::State::Work() {
  std::vector<Batch> batches = TakePipeline();
  if (!batches.empty()) {
    Send(std::move(batches));
    return;
  }
  connection->Append({"PING"});
  if (connection->Read() == nullptr) Lose("no answer to a ping");
}

void Publisher::State::Loop() {
  std::unique_lock lock(mutex);
  while (!stop) {
    auto wake = connection != nullptr ? steady_clock::now() + kPingEvery : next_attempt;
    changed.wait_until(lock, wake, [this] { return stop || !queue.empty(); });
    lock.unlock();
    if (connection != nullptr && connection->Stale()) {
      Lose("the server closed the connection");
      next_attempt = steady_clock::now();  // it may have been restarted
    }
    if (connection == nullptr && steady_clock::now() >= next_attempt) Connect();
    if (connection != nullptr) {
      Work();
    } else {
      FailAll();
    }
    lock.lock();
  }
  auto last = steady_clock::now() + kLastFlush;
  while (connection != nullptr && !queue.empty() && steady_clock::now() < last) {
    lock.unlock();
    Send(TakePipeline());
    lock.lock();
  }
  lock.unlock();
  FailAll();
  figures.up.Set(0);
}

Publisher::Publisher(std::string address, size_t max_queue)
    : state_(std::make_unique<State>(std::move(address), max_queue)) {
  state_->thread = std::thread([state = state_.get()] { state->Loop(); });
}

Publisher::~Publisher() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

void Publisher::Publish(std::vector<Publication> batch, std::function<void(bool)> done) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->queued + batch.size() > state_->max_queue) {
      state_->figures.failed.Increment(static_cast<double>(batch.size()));
      if (done == nullptr) return;
      state_->queue.push_back({{}, std::move(done), true});
    } else {
      state_->queued += batch.size();
      state_->queue.push_back({std::move(batch), std::move(done), false});
    }
  }
  state_->changed.notify_one();
}

}  // namespace chat::redis
