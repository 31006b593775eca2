#include "services/messaging/batcher.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/render.h"
#include "services/messaging/send_queue.h"

namespace chat::messaging {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kExpiryTick{50};
constexpr std::chrono::milliseconds kHeldTick{2};
// How long a worker waits unasked, without and with a batch under way elsewhere.
constexpr std::chrono::milliseconds kIdleTick{1000};
constexpr std::chrono::milliseconds kBusyTick{50};
constexpr std::chrono::seconds kSessionRests{1};

struct Figures {
  prometheus::Histogram& lock_wait =
      metrics::Histogram("chat_messaging_lock_wait_seconds",
                         "How long sends that met a feed locked by another replica waited for it.",
                         metrics::TimeBuckets());
  prometheus::Histogram& size =
      metrics::Histogram("chat_messaging_batch_size", "Sends in one commit.",
                         {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024});
  prometheus::Histogram& seconds =
      metrics::Histogram("chat_messaging_commit_seconds", "Time of one batch, commit included.",
                         metrics::TimeBuckets());
  prometheus::Histogram& committed = metrics::MessageStage("commit");
  prometheus::Gauge& queue = metrics::Gauge("chat_messaging_queue", "Sends that wait for a batch.");
  prometheus::Counter& repeats =
      metrics::Counter("chat_messaging_repeats_total", "Sends that had been stored before.");
  prometheus::Counter& locked = metrics::Counter(
      "chat_messaging_locked_total", "Sends that met a feed locked by another replica.");
  prometheus::Counter& full = metrics::Counter("chat_messaging_queue_full_total",
                                               "Sends refused because the queue was full.");
  prometheus::Counter& expired = metrics::Counter(
      "chat_messaging_expired_total", "Sends whose deadline passed before their commit was known.");
  prometheus::Counter& poisoned = metrics::Counter(
      "chat_messaging_split_batches_total", "Batches repeated send by send after a data error.");
};

// The batch as a whole may succeed later; no send of it is at fault.
bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || absl::IsCancelled(status);
}

}  // namespace

struct Batcher::State {
  State(const Options& options_, SendStore& store_, AnnouncementSink& sink_)
      : options(options_), store(store_), sink(sink_) {
    for (int i = 0; i < options.workers; ++i) threads.emplace_back([this] { Work(); });
    threads.emplace_back([this] { ExpireLate(); });
  }

  ~State() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    for (std::thread& thread : threads) thread.join();
    for (const auto& item : queue.Clear()) {
      item->done(absl::UnavailableError("messaging is shutting down"));
    }
    figures.queue.Set(0);
  }

  void Submit(Send send, pg::Deadline deadline, Done done) {
    auto item = std::make_shared<QueuedSend>();
    item->send = std::move(send);
    item->deadline = deadline;
    item->submitted = steady_clock::now();
    item->done = std::move(done);
    bool rests = false;
    bool wanted = false;
    {
      std::lock_guard lock(mutex);
      rests = Rests(item->send);
      if (!rests && !stopping && queue.size() < options.queue_max) {
        item->arrival = ++arrivals;
        queue.Add(std::move(item));
        figures.queue.Set(static_cast<double>(queue.size()));
        // The first that waits behind a batch is what a helper counts from.
        wanted = batches == 0 || queue.size() == 1 || IsDeep();
      }
    }
    if (item == nullptr) {
      if (wanted) changed.notify_one();
      return;
    }
    if (rests) return item->done(AfterAFailedOne());
    figures.full.Increment();
    item->done(rpc::Refuse(v1::TOO_MANY, "the queue of sends is full"));
  }

  void Work() {
    while (true) {
      QueuedSends batch;
      {
        std::unique_lock lock(mutex);
        while (true) {
          if (stopping) return;
          const auto now = steady_clock::now();
          queue.Wake(now);
          const auto help_at = HelpAt();
          if (help_at <= now) {
            batch = queue.Take(options.batch_max, options.batch_bytes, now);
            if (!batch.empty()) break;
          }
          auto until = std::min(queue.NextWake(), now + (batches == 0 ? kIdleTick : kBusyTick));
          // Lanes may be ready and yet held, by a send with the same msg_id in flight.
          if (queue.HasReady()) until = std::min(until, std::max(help_at, now + kHeldTick));
          changed.wait_until(lock, until);
        }
        ++batches;
        for (const auto& item : batch) in_flight.insert(item);
        figures.queue.Set(static_cast<double>(queue.size()));
      }
      QueuedSends again = Commit(WithoutResting(batch));
      {
        std::lock_guard lock(mutex);
        --batches;
        for (const auto& item : batch) in_flight.erase(item);
        std::erase_if(again, [](const auto& item) { return item->answered; });
        queue.Finish(batch, again, steady_clock::now());
        figures.queue.Set(static_cast<double>(queue.size()));
      }
    }
  }

  // With the mutex: more waits than one batch takes.
  bool IsDeep() const { return queue.size() > options.batch_max; }

  // With the mutex: from when on one more worker may take a batch.
  steady_clock::time_point HelpAt() const {
    if (batches == 0 || IsDeep()) return steady_clock::time_point::min();
    const auto oldest = queue.OldestReady();
    return oldest == SendQueue::Time::max() ? oldest : oldest + options.help_after;
  }

  static absl::Status AfterAFailedOne() {
    return absl::UnavailableError("a send of the session before this one has failed");
  }

  // With the mutex.
  bool Rests(const Send& send) const {
    return send.session != 0 && resting.contains({send.session, send.epoch});
  }

  QueuedSends WithoutResting(const QueuedSends& batch) {
    QueuedSends kept, resting_ones;
    {
      std::lock_guard lock(mutex);
      for (const auto& item : batch) {
        (Rests(item->send) ? resting_ones : kept).push_back(item);
      }
    }
    for (const auto& item : resting_ones) Answer(*item, AfterAFailedOne());
    return kept;
  }

  // Commits, answers, publishes. Returns those that met a locked feed, in order.
  QueuedSends Commit(const QueuedSends& batch) {
    if (batch.empty()) return {};
    auto begin = steady_clock::now();
    absl::StatusOr<SendOutcomes> outcomes = Append(batch);
    std::chrono::duration<double> taken = steady_clock::now() - begin;
    figures.size.Observe(static_cast<double>(batch.size()));
    figures.seconds.Observe(taken.count());
    if (outcomes.ok()) return Settle(batch, *std::move(outcomes));
    if (IsTransient(outcomes.status())) {
      for (const auto& item : batch) Answer(*item, outcomes.status());
      return {};
    }
    return CommitOneByOne(batch, outcomes.status());
  }

  // A send of the batch is at fault: its neighbours must not fail with it.
  QueuedSends CommitOneByOne(const QueuedSends& batch, const absl::Status& why) {
    figures.poisoned.Increment();
    log::Warn("a batch failed and is repeated send by send",
              {{"why", Message(why)}, {"sends", batch.size()}});
    QueuedSends again;
    for (const auto& item : batch) {
      absl::StatusOr<SendOutcomes> outcomes = Append({item});
      // A concurrent send of the same msg_id won: the second try finds its message.
      if (absl::IsAlreadyExists(outcomes.status())) outcomes = Append({item});
      if (!outcomes.ok()) {
        Answer(*item, outcomes.status());
        continue;
      }
      QueuedSends left = Settle({item}, *std::move(outcomes));
      again.insert(again.end(), left.begin(), left.end());
    }
    return again;
  }

  absl::StatusOr<SendOutcomes> Append(const QueuedSends& batch) {
    std::vector<const Send*> sends;
    for (const auto& item : batch) sends.push_back(&item->send);
    std::vector<int64_t> published = sink.TakePublished();
    pg::Deadline deadline = steady_clock::now() + options.commit_timeout;
    auto outcomes = sends[0]->change ? store.Change(deadline, *sends[0], published)
                                     : store.Append(deadline, sends, published);
    if (!outcomes.ok()) sink.GiveBack(published);
    return outcomes;
  }

  QueuedSends Settle(const QueuedSends& batch, SendOutcomes outcomes) {
    const std::shared_ptr<void> together = options.together ? options.together() : nullptr;
    QueuedSends again;
    Announcement announcement;
    announcement.id = outcomes.announcement;
    for (size_t i = 0; i < batch.size(); ++i) {
      SendOutcome& outcome = outcomes.each[i];
      switch (outcome.kind) {
        case SendOutcome::Kind::kRetry:
          figures.locked.Increment();
          if (batch[i]->locked_since == pg::Deadline())
            batch[i]->locked_since = steady_clock::now();
          again.push_back(batch[i]);
          break;
        case SendOutcome::Kind::kDenied:
          Answer(*batch[i], rpc::Refuse(v1::PERMISSION_DENIED, "Message.to: not friends"));
          break;
        case SendOutcome::Kind::kStale:
          Answer(*batch[i], absl::AbortedError("the message has moved"));
          break;
        case SendOutcome::Kind::kRepeat:
          figures.repeats.Increment();
          [[fallthrough]];
        case SendOutcome::Kind::kStored: {
          if (batch[i]->locked_since != pg::Deadline()) {
            std::chrono::duration<double> waited = steady_clock::now() - batch[i]->locked_since;
            figures.lock_wait.Observe(waited.count());
          }
          Announced announced = RenderEvent(outcome.row);
          announced.event.set_trace(batch[i]->send.trace);
          announced.event.set_author_client(batch[i]->send.client_id);
          SendResult result;
          result.repeat = outcome.kind == SendOutcome::Kind::kRepeat;
          const v1::Event& event = announced.event;
          result.message = (outcome.row.edited ? event.unseen() : event.record()).message();
          absl::Status noted = Note(outcome.row, result.message);
          Answer(*batch[i], noted.ok() ? absl::StatusOr<SendResult>(std::move(result)) : noted);
          announcement.events.push_back(std::move(announced));
          break;
        }
      }
    }
    if (!announcement.events.empty()) sink.Publish(std::move(announcement));
    return again;
  }

  absl::Status Note(const MessageRow& row, const v1::Message& message) {
    std::vector<ObjectUse> uses = ObjectUsesOf(row, message);
    if (uses.empty()) return absl::OkStatus();
    return store.NoteObjects(steady_clock::now() + options.commit_timeout, uses);
  }

  void Answer(QueuedSend& item, absl::StatusOr<SendResult> result) {
    {
      std::lock_guard lock(mutex);
      if (std::exchange(item.answered, true)) return;
      if (IsTransient(result.status())) Rest(item.send);
    }
    if (result.ok()) {
      std::chrono::duration<double> taken = steady_clock::now() - item.submitted;
      figures.committed.Observe(taken.count());
    }
    item.done(std::move(result));
  }

  // With the mutex.
  void Rest(const Send& send) {
    if (send.session != 0) {
      resting[{send.session, send.epoch}] = steady_clock::now() + kSessionRests;
    }
  }

  void ExpireLate() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      expiry_tick.wait_for(lock, kExpiryTick);
      auto now = steady_clock::now();
      std::erase_if(resting, [now](const auto& entry) { return entry.second <= now; });
      QueuedSends late = queue.Expire(now);
      for (const auto& item : in_flight) {
        if (item->deadline <= now && !item->answered) late.push_back(item);
      }
      if (late.empty()) continue;
      for (const auto& item : late) {
        item->answered = true;
        Rest(item->send);
      }
      figures.queue.Set(static_cast<double>(queue.size()));
      lock.unlock();
      figures.expired.Increment(static_cast<double>(late.size()));
      for (const auto& item : late) {
        item->done(absl::DeadlineExceededError("the message was not committed in time"));
      }
      lock.lock();
    }
  }

  const Options options;
  SendStore& store;
  AnnouncementSink& sink;
  Figures figures;
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable expiry_tick;
  bool stopping = false;
  uint64_t arrivals = 0;
  int batches = 0;  // under way
  SendQueue queue;
  std::unordered_set<std::shared_ptr<QueuedSend>> in_flight;
  std::map<std::pair<int64_t, int64_t>, pg::Deadline> resting;  // session and epoch, until when
  std::vector<std::thread> threads;
};

Batcher::Batcher(const Options& options, SendStore& store, AnnouncementSink& sink)
    : state_(std::make_unique<State>(options, store, sink)) {}
Batcher::~Batcher() = default;

void Batcher::Submit(Send send, pg::Deadline deadline, Done done) {
  state_->Submit(std::move(send), deadline, std::move(done));
}

}  // namespace chat::messaging
