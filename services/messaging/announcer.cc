#include "services/messaging/announcer.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"
#include "services/messaging/object_refs.h"

namespace chat::messaging {

namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::seconds kTimeout{5};
constexpr int kClaimedAtOnce = 64;
constexpr size_t kMaxWaiting = 10'000;
// Rows that Redis took while PostgreSQL could not delete them. Past this they are forgotten here
// and announced again from the table.
constexpr size_t kMaxPublished = 100'000;

// Messages may; of the other records those that show a last message.
bool HasObjects(const v1::Event& event) {
  const v1::Record& record = event.record();
  if (record.has_message()) return messaging::HasObjects(record.message());
  if (record.has_contact()) return messaging::HasObjects(record.contact().last_msg());
  if (record.has_room()) return messaging::HasObjects(record.room().last_msg());
  if (record.has_star()) return messaging::HasObjects(record.star().message());
  return false;
}

}  // namespace

// Shared with the callbacks of the publisher, which may run after the announcer has gone.
struct Announcer::State {
  State(AnnouncementStore& store_, RedisPublish publish_, const ObjectLinks* links_,
        std::shared_ptr<PublishedNotes> notes_)
      : store(store_), publish(std::move(publish_)), links(links_), notes(std::move(notes_)) {}

  // With the mutex: whether an event must not be published before those that wait.
  bool MustWait(const Announcement& announcement) const {
    for (const Announced& announced : announcement.events) {
      if (waiting_feeds.count(announced.event.feed()) != 0 || HasObjects(announced.event)) {
        return true;
      }
    }
    return false;
  }

  AnnouncementStore& store;
  const RedisPublish publish;
  const ObjectLinks* const links;
  const std::shared_ptr<PublishedNotes> notes;
  prometheus::Counter& published_total =
      metrics::Counter("chat_messaging_published_total", "Durable events that Redis took.");
  prometheus::Counter& unpublished_total = metrics::Counter(
      "chat_messaging_unpublished_total", "Durable events that Redis did not take at once.");
  prometheus::Counter& reannounced_total = metrics::Counter(
      "chat_messaging_reannounced_total", "Durable events published again from the table.");

  prometheus::Histogram& publish_stage = metrics::MessageStage("publish");

  std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::vector<int64_t> published;
  std::thread thread;

  std::condition_variable linkable;
  std::deque<Announcement> waiting;      // for their links, in order
  std::multiset<int64_t> waiting_feeds;  // of those that wait and those being linked
  std::thread linker;
};

Announcer::Announcer(AnnouncementStore& store, RedisPublish publish, const ObjectLinks* links,
                     std::shared_ptr<PublishedNotes> notes)
    : state_(std::make_shared<State>(store, std::move(publish), links, std::move(notes))) {
  if (links != nullptr) state_->linker = std::thread([this] { LinkWaiting(); });
}

Announcer::~Announcer() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->stopped.notify_all();
  state_->linkable.notify_all();
  if (state_->linker.joinable()) state_->linker.join();
  if (state_->thread.joinable()) state_->thread.join();
}

void Announcer::Start() {
  state_->thread = std::thread([this] {
    std::unique_lock lock(state_->mutex);
    while (!state_->stopped.wait_for(lock, kTick, [this] { return state_->stopping; })) {
      lock.unlock();
      Tick();
      lock.lock();
    }
  });
}

void Announcer::Publish(Announcement announcement) {
  if (state_->links == nullptr) return PublishNow(std::move(announcement));
  {
    std::lock_guard lock(state_->mutex);
    if (state_->MustWait(announcement)) {
      // Past the bound it is dropped: its row stays and brings it again.
      if (state_->waiting.size() >= kMaxWaiting) return;
      for (const Announced& announced : announcement.events) {
        state_->waiting_feeds.insert(announced.event.feed());
      }
      state_->waiting.push_back(std::move(announcement));
      state_->linkable.notify_one();
      return;
    }
  }
  PublishNow(std::move(announcement));
}

// The linker's thread.
void Announcer::LinkWaiting() {
  std::unique_lock lock(state_->mutex);
  while (true) {
    state_->linkable.wait(lock, [this] { return state_->stopping || !state_->waiting.empty(); });
    if (state_->stopping) return;  // what waits stays in the table
    std::deque<Announcement> batch = std::exchange(state_->waiting, {});
    lock.unlock();
    std::vector<google::protobuf::Message*> records;
    std::vector<int64_t> feeds;
    for (Announcement& announcement : batch) {
      for (Announced& announced : announcement.events) {
        records.push_back(&announced.event);
        feeds.push_back(announced.event.feed());
      }
    }
    state_->links->Fill(rpc::Background(kTimeout), records);
    for (Announcement& announcement : batch) PublishNow(std::move(announcement));
    lock.lock();
    for (int64_t feed : feeds) state_->waiting_feeds.erase(state_->waiting_feeds.find(feed));
  }
}

void Announcer::PublishNow(Announcement announcement) {
  std::vector<redis::Publication> batch;
  std::vector<rpc::Journeys::About> noted;
  for (const Announced& announced : announcement.events) {
    noted.push_back({.position = announced.event.position(),
                     .trace = rpc::TraceNumber(announced.event.trace())});
    std::string payload = announced.event.SerializeAsString();
    for (AccountId account : announced.to) {
      batch.push_back({"a:" + std::to_string(account.value), payload});
    }
    if (announced.room) {
      batch.push_back({"r:" + std::to_string(announced.room.value), std::move(payload)});
    }
  }
  auto done = [state = state_, id = announcement.id, begin = std::chrono::steady_clock::now(),
               events = static_cast<double>(announcement.events.size()),
               noted = std::move(noted)](bool taken) {
    if (state->notes != nullptr) state->notes->Add(noted, taken);
    (taken ? state->published_total : state->unpublished_total).Increment(events);
    if (taken) {
      std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin;
      state->publish_stage.Observe(since.count());
    }
    if (!taken || id == 0) return;
    std::lock_guard lock(state->mutex);
    if (state->published.size() < kMaxPublished) state->published.push_back(id);
  };
  if (batch.empty()) {
    done(true);
  } else {
    state_->publish(std::move(batch), std::move(done));
  }
}

std::vector<int64_t> Announcer::TakePublished() {
  std::lock_guard lock(state_->mutex);
  return std::exchange(state_->published, {});
}

void Announcer::GiveBack(const std::vector<int64_t>& published) {
  std::lock_guard lock(state_->mutex);
  if (state_->published.size() + published.size() > kMaxPublished) return;
  state_->published.insert(state_->published.end(), published.begin(), published.end());
}

void Announcer::Tick() {
  auto deadline = std::chrono::steady_clock::now() + kTimeout;
  std::vector<int64_t> published = TakePublished();
  if (!published.empty()) {
    absl::Status deleted = state_->store.DeletePublished(deadline, published);
    if (!deleted.ok()) return GiveBack(published);
  }
  absl::StatusOr<std::vector<Announcement>> overdue =
      state_->store.ClaimOverdue(deadline, kClaimedAtOnce);
  if (!overdue.ok()) return;  // the pool has logged it
  for (Announcement& announcement : *overdue) {
    state_->reannounced_total.Increment(static_cast<double>(announcement.events.size()));
    Publish(std::move(announcement));
  }
}

}  // namespace chat::messaging
