// Message/edit and Message/complete (PROTOCOL 5.6.2, 5.6.3): reads the message, judges, and gives
// the change to the batcher, in whose lanes it keeps its place among the sends of the feed. A
// message that has moved meanwhile is read and judged again. Blocks until the call's deadline at
// most; any thread.
#pragma once

#include <absl/status/statusor.h>

#include "libs/rpc/call.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/batcher.h"
#include "services/messaging/object_links.h"
#include "services/messaging/pg_message_store.h"

namespace chat::messaging {

class Editor {
 public:
  // All outlive the editor.
  Editor(PgMessageStore& store, Batcher& batcher, AnnouncementSink& sink, const ObjectLinks& links)
      : store_(store), batcher_(batcher), sink_(sink), links_(links) {}

  // invalid_data, permission_denied; what Batcher::Submit answers.
  absl::Status Edit(const rpc::Call& call, const v1::Message& request);
  absl::Status Complete(const rpc::Call& call, const v1::Message& request);
  // Removes for all what was not completed within a day, at most 100 at a time.
  absl::Status DropUploads(const rpc::Call& call);

 private:
  absl::Status Apply(const rpc::Call& call, v1::Message request, const AskedEdit& asked);
  absl::Status NameFiles(const rpc::Call& call, AskedEdit::Kind kind, v1::Message* request);
  absl::Status Hide(const rpc::Call& call, const v1::Message& request, const MessageRow& row,
                    const v1::OwnRoster& own);
  absl::Status Submit(const rpc::Call& call, MessageRow changed);

  PgMessageStore& store_;
  Batcher& batcher_;
  AnnouncementSink& sink_;
  const ObjectLinks& links_;
};

}  // namespace chat::messaging
