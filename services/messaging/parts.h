// What chat-messaging is made of, in the order in which it is built; destroyed in reverse.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "libs/pg/pool.h"
#include "libs/redis/publisher.h"
#include "libs/rpc/channel.h"
#include "services/messaging/announcer.h"
#include "services/messaging/batcher.h"
#include "services/messaging/editor.h"
#include "services/messaging/horizon.h"
#include "services/messaging/housekeeping.h"
#include "services/messaging/journeys_service.h"
#include "services/messaging/lane_stream.h"
#include "services/messaging/message_service.h"
#include "services/messaging/messaging_config.h"
#include "services/messaging/object_links.h"
#include "services/messaging/pg_announcement_store.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_message_store.h"
#include "services/messaging/pg_object_uses.h"
#include "services/messaging/pg_open_store.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_replay_store.h"
#include "services/messaging/pg_send_store.h"
#include "services/messaging/pg_session_store.h"
#include "services/messaging/pg_trace_store.h"
#include "services/messaging/receipts.h"
#include "services/messaging/transient_lane.h"

namespace chat::messaging {

struct Parts {
  explicit Parts(const MessagingConfig& config)
      : pool(config.pg_url, static_cast<int>(config.pg_connections)),
        commit_pool(config.pg_url, static_cast<int>(config.commit_workers)),
        publisher(config.redis),
        links(rpc::RoundRobin(config.media_addrs)),
        announcements(pool),
        projections(pool),
        history(pool),
        messages(pool),
        replay(pool),
        sessions(pool, config.session_grace_s),
        open(pool, config.open_log_messages),
        sends(commit_pool),
        objects(pool),
        traces(pool),
        notes(std::make_shared<PublishedNotes>(static_cast<size_t>(config.trace_notes))),
        announcer(announcements, publish(), &links, notes),
        horizon(announcements, publish()),
        batcher(batching(config), sends, announcer),
        sender(batcher, links),
        editor(messages, batcher, announcer, links),
        lane(projections, publish()),
        receipts(history, lane),
        housekeeping(sessions, projections, editor, open, config.notice_life_s) {}

  static Batcher::Options batching(const MessagingConfig& config) {
    Batcher::Options options = config.batcher();
    options.together = [] { return std::make_shared<LaneStream::Together>(); };
    return options;
  }
  RedisPublish publish() {
    return [this](std::vector<redis::Publication> batch, std::function<void(bool)> done) {
      publisher.Publish(std::move(batch), std::move(done));
    };
  }

  pg::Pool pool;
  pg::Pool commit_pool;
  redis::Publisher publisher;
  ObjectLinks links;
  PgAnnouncementStore announcements;
  PgProjectionStore projections;
  PgHistoryStore history;
  PgMessageStore messages;
  PgReplayStore replay;
  PgSessionStore sessions;
  PgOpenStore open;
  PgSendStore sends;
  PgObjectUses objects;
  PgTraceStore traces;
  std::shared_ptr<PublishedNotes> notes;
  Announcer announcer;
  Horizon horizon;
  Batcher batcher;
  Sender sender;
  Editor editor;
  TransientLane lane;
  Receipts receipts;
  Housekeeping housekeeping;
};

}  // namespace chat::messaging
