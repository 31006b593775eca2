// Publishes committed events on Redis and sees to it that a commit without publish cannot hide
// (delivery promise, part 5).
//
// Every batch leaves a row in messaging.announcement, in its own transaction. When Redis has taken
// the batch, the row is deleted with the next batch or by the next tick. A row that is a second old
// means that Redis was away or its replica died: any replica claims it, publishes the same events
// again with their original positions, and deletes it. Gateways drop what they have passed on.
//
// Events with objects get their links first, on a thread of its own: what comes after them in their
// feeds waits there, everything else passes by.
//
// Thread safe.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libs/redis/publisher.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/announcement_store.h"
#include "services/messaging/journeys_service.h"
#include "services/messaging/object_links.h"

namespace chat::messaging {

// redis::Publisher::Publish: `done` is called once with whether Redis took all of it.
using RedisPublish =
    std::function<void(std::vector<redis::Publication>, std::function<void(bool)> done)>;

class Announcer : public AnnouncementSink {
 public:
  // `store`, what `publish` calls and `links` outlive the announcer. Without `links` objects stay
  // without links. What was published is put down in `notes`.
  Announcer(AnnouncementStore& store, RedisPublish publish, const ObjectLinks* links = nullptr,
            std::shared_ptr<PublishedNotes> notes = nullptr);
  ~Announcer() override;

  void Publish(Announcement announcement) override;
  std::vector<int64_t> TakePublished() override;
  void GiveBack(const std::vector<int64_t>& published) override;

  // Deletes what is published and announces again what is overdue; the thread's body, every 500 ms.
  void Tick();
  // Starts the thread that ticks.
  void Start();

 private:
  struct State;
  void PublishNow(Announcement announcement);
  void LinkWaiting();

  std::shared_ptr<State> state_;
};

}  // namespace chat::messaging
