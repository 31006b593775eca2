#include "services/messaging/history_service.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "services/messaging/history_rules.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

// A page and its record fit into the default packet of 1 MiB (PROTOCOL 5.6.4, O22).
constexpr int64_t kPageBytes = 700 << 10;

// Raises the reader and tells the account's devices and the authors; the unread count that is left.
absl::StatusOr<int64_t> Mark(const rpc::Call& call, const AskedFeed& feed, int64_t position,
                             PgHistoryStore& store, AnnouncementSink& sink, Receipts& receipts) {
  CHAT_ASSIGN_OR_RETURN(PgHistoryStore::Marked marked, store.Read(call.deadline, feed, position));
  for (Announced& announced : marked.announcement.events) announced.event.set_trace(call.trace);
  sink.Publish(std::move(marked.announcement));
  receipts.Tell(marked.receipts, marked.feed, marked.reader);
  return marked.unread;
}

}  // namespace

grpc::Status HistoryService::Get(grpc::ServerContext* context, const v1::History* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "HistoryService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(AskedFeed feed, CheckFeed(call.caller, *request));
    CHAT_ASSIGN_OR_RETURN(Selection selection, CheckSelection(*request));
    CHAT_ASSIGN_OR_RETURN(std::vector<MessageRow> page,
                          store_.Page(call.deadline, feed, selection, kPageBytes));
    v1::History& answer = *reply->add_records()->mutable_history();
    answer.set_roster_id(feed.own);
    if (!feed.room.empty()) {
      answer.mutable_muc()->set_name(feed.room);
    } else {
      *answer.mutable_p2p() = SortedPair(feed.own, feed.peer);
    }
    answer.set_size(page.empty() ? 0 : page.back().id);
    answer.set_entity_id(request->entity_id());
    for (const MessageRow& row : page) *answer.add_data() = RenderMessage(row);
    answer.set_status(v1::History::GET);
    links_.Fill(call, &answer);
    return absl::OkStatus();
  });
}

grpc::Status HistoryService::Update(grpc::ServerContext* context, const v1::History* request,
                                    v1::Reply* reply) {
  return rpc::Serve(context, "HistoryService/Update", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(AskedFeed feed, CheckFeed(call.caller, *request));
    CHAT_ASSIGN_OR_RETURN(Selection selection, CheckSelection(*request));
    return Mark(call, feed, selection.from, store_, sink_, receipts_).status();
  });
}

grpc::Status CursorService::Update(grpc::ServerContext* context, const v1::Cursor* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "CursorService/Update", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(AskedFeed feed, CheckCursor(call.caller, *request));
    CHAT_ASSIGN_OR_RETURN(int64_t unread,
                          Mark(call, feed, request->position(), store_, sink_, receipts_));
    v1::Ok2& answer = *reply->add_records()->mutable_ok2();
    if (!feed.room.empty()) {
      answer.mutable_muc()->set_name(feed.room);
    } else {
      *answer.mutable_p2p() = SortedPair(feed.own, feed.peer);
    }
    answer.set_number(unread);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
