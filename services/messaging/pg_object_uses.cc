#include "services/messaging/pg_object_uses.h"

#include "libs/base/status.h"
#include "services/messaging/object_refs.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kForget = {"messaging_object_forget",
                                   "DELETE FROM messaging.object_use WHERE message_id = $1"};
constexpr pg::Statement kNote = {
    "messaging_object_note",
    "INSERT INTO messaging.object_use (message_id, object, uploader, feed_id)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"};
constexpr pg::Statement kMayRead = {
    "messaging_object_may_read",
    "SELECT EXISTS (SELECT 1 FROM messaging.object_use u"
    " JOIN messaging.feed f ON f.id = u.feed_id"
    " WHERE u.uploader = $1 AND u.object = $2"
    " AND CASE WHEN f.kind = 'p2p' THEN EXISTS (SELECT 1 FROM messaging.roster r"
    "   WHERE r.account_id = $3 AND r.roster_id IN (f.a, f.b))"
    "  ELSE EXISTS (SELECT 1 FROM messaging.room_member m"
    "   WHERE m.feed_id = f.id AND m.account_id = $3) END)"};

}  // namespace

std::vector<ObjectUse> ObjectUsesOf(const MessageRow& row, const v1::Message& message) {
  ObjectUse use{row.id, row.feed, row.from_account, {}};
  for (const v1::Desc& desc : message.files()) {
    if (std::optional<ObjectRef> ref = RefOf(desc)) use.ids.push_back(std::move(ref->id));
  }
  if (use.ids.empty() && !row.edited) return {};
  return {std::move(use)};
}

absl::Status PgObjectUses::Note(pg::Deadline deadline, const std::vector<ObjectUse>& uses) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    for (const ObjectUse& use : uses) {
      tx.Exec(kForget, use.message_id);
      for (const std::string& id : use.ids) {
        tx.Exec(kNote, use.message_id, pqxx::binarystring(id), use.author.value, use.feed.value);
      }
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> PgObjectUses::MayRead(pg::Deadline deadline, AccountId account,
                                           AccountId uploader,
                                           const std::vector<std::string>& ids) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    for (const std::string& id : ids) {
      if (tx.Exec(kMayRead, uploader.value, pqxx::binarystring(id), account.value)[0][0]
              .as<bool>()) {
        return true;
      }
    }
    return false;
  });
}

}  // namespace chat::messaging
