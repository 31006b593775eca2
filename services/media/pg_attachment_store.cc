#include "services/media/pg_attachment_store.h"

#include "libs/base/status.h"
#include "services/media/digests.h"

namespace chat::media {
namespace {

using pqxx::binarystring;

#define CHAT_ATTACHMENT_COLUMNS                                                               \
  "o.id, o.account_id, o.name, o.transfer_id, coalesce(o.part, 0) AS part, "                  \
  "coalesce(o.desc_id, ''::bytea) AS desc_id, o.filename, o.content_type, o.size, o.remote, " \
  "o.finished IS NOT NULL AS present, o.sealed IS NOT NULL AS sealed "
// Readable: whole, and complete where it belongs to an upload.
#define CHAT_READABLE "o.finished IS NOT NULL AND (o.message_id IS NULL OR o.sealed IS NOT NULL) "

constexpr pg::Statement kUseRow{
    "media_attachment_use_row",
    "INSERT INTO media.usage (account_id) VALUES ($1) ON CONFLICT DO NOTHING"};
constexpr pg::Statement kUse{"media_attachment_use",
                             "SELECT bytes FROM media.usage WHERE account_id = $1 FOR UPDATE"};
constexpr pg::Statement kAddUse{"media_attachment_add_use",
                                "UPDATE media.usage SET bytes = bytes + $2 WHERE account_id = $1"};
constexpr pg::Statement kOpen{
    "media_attachments_open",
    "SELECT count(*) FROM media.object"
    " WHERE account_id = $1 AND message_id IS NOT NULL AND sealed IS NULL"};
constexpr pg::Statement kAdd{
    "media_attachment_add",
    "INSERT INTO media.object"
    " (account_id, transfer_id, name, size, filename, meta, message_id, part, desc_id, remote)"
    " VALUES ($1, convert_to($2::text, 'UTF8'), $2::text, 0, $3, '', $4, $5, $6, $7)"
    " ON CONFLICT (message_id, part) DO NOTHING"};
constexpr pg::Statement kOfMessage{"media_attachments_of_message",
                                   "SELECT " CHAT_ATTACHMENT_COLUMNS
                                   "FROM media.object o WHERE o.message_id = $1"
                                   " AND o.account_id = $2 ORDER BY o.part"};
constexpr pg::Statement kByName{"media_attachment_by_name",
                                "SELECT " CHAT_ATTACHMENT_COLUMNS
                                "FROM media.object o WHERE o.name = $1"};
constexpr pg::Statement kLock{"media_attachment_lock",
                              "SELECT " CHAT_ATTACHMENT_COLUMNS
                              "FROM media.object o WHERE o.id = $1 FOR UPDATE"};
constexpr pg::Statement kReceive{"media_attachment_receive",
                                 "UPDATE media.object SET size = $2, stored = $2,"
                                 "  content_type = $3, finished = now(), touched = now()"
                                 " WHERE id = $1"};
constexpr pg::Statement kSeal{"media_attachment_seal",
                              "UPDATE media.object SET size = $2, stored = $2, content_type = $3,"
                              "  finished = coalesce(finished, now()), sealed = now()"
                              " WHERE id = $1"};
constexpr pg::Statement kFind{"media_attachments_find",
                              "SELECT " CHAT_ATTACHMENT_COLUMNS
                              "FROM media.object o WHERE o.account_id = $1"
                              " AND (o.name = $2 OR o.transfer_id = $3) AND " CHAT_READABLE
                              "ORDER BY o.id LIMIT 1"};
constexpr pg::Statement kCalled{"media_attachments_called",
                                "SELECT " CHAT_ATTACHMENT_COLUMNS
                                "FROM media.object o WHERE (o.name = $2 OR o.transfer_id = $3)"
                                " AND " CHAT_READABLE "ORDER BY o.account_id <> $1, o.id LIMIT 4"};
constexpr pg::Statement kKeepSecret{
    "media_secret_keep",
    "INSERT INTO media.secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr pg::Statement kSecret{"media_secret", "SELECT value FROM media.secret WHERE name = $1"};

constexpr size_t kNameBytes = 16;

Attachment Read(const pqxx::row& row) {
  Attachment out;
  out.id = row["id"].as<int64_t>();
  out.account.value = row["account_id"].as<int64_t>();
  out.name = row["name"].c_str();
  out.transfer_id = binarystring(row["transfer_id"]).str();
  out.part = row["part"].as<int>();
  out.desc_id = binarystring(row["desc_id"]).str();
  out.filename = binarystring(row["filename"]).str();
  out.content_type = row["content_type"].c_str();
  out.size = row["size"].as<int64_t>();
  out.present = row["present"].as<bool>();
  out.sealed = row["sealed"].as<bool>();
  out.remote = row["remote"].as<bool>();
  return out;
}

AttachmentStore::Parts ReadAll(const pqxx::result& rows) {
  AttachmentStore::Parts parts;
  for (const pqxx::row& row : rows) parts.push_back(Read(row));
  return parts;
}

// A client may name an object with any bytes; names of ours are text.
std::string AsName(const std::string& id) {
  const bool hex = id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex ? id : "";
}

int64_t LockUse(pg::Tx& tx, AccountId account) {
  tx.Exec(kUseRow, account.value);
  return tx.Exec(kUse, account.value)[0][0].as<int64_t>();
}

absl::Status OverQuota() { return absl::ResourceExhaustedError("over quota"); }

}  // namespace

absl::StatusOr<AttachmentStore::Parts> PgAttachmentStore::Prepare(pg::Deadline deadline,
                                                                  AccountId account,
                                                                  int64_t message_id,
                                                                  const std::vector<NewPart>& parts,
                                                                  bool remote, int64_t limit) {
  return pool_.Get<Parts>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Parts> {
    LockUse(tx, account);  // one call of an account at a time: the limit holds
    const int64_t open = tx.Exec(kOpen, account.value)[0][0].as<int64_t>();
    int64_t added = 0;
    for (const NewPart& part : parts) {
      added += static_cast<int64_t>(tx.Exec(kAdd, account.value, Hex(RandomBytes(kNameBytes)),
                                            binarystring(part.filename), message_id, part.index,
                                            binarystring(part.desc_id), remote)
                                        .affected_rows());
    }
    if (open + added > limit && added > 0) {
      return absl::ResourceExhaustedError("too many uploads");
    }
    Parts all = ReadAll(tx.Exec(kOfMessage, message_id, account.value)), asked;
    for (const NewPart& part : parts) {
      for (const Attachment& attachment : all) {
        if (attachment.part == part.index) asked.push_back(attachment);
      }
    }
    return asked;
  });
}

absl::StatusOr<AttachmentStore::Parts> PgAttachmentStore::OfMessage(pg::Deadline deadline,
                                                                    AccountId account,
                                                                    int64_t message_id) {
  return pool_.Get<Parts>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Parts> {
    return ReadAll(tx.Exec(kOfMessage, message_id, account.value));
  });
}

absl::Status PgAttachmentStore::Seal(pg::Deadline deadline, AccountId account,
                                     const std::vector<SealedPart>& parts, int64_t account_bytes) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    const int64_t used = LockUse(tx, account);
    int64_t added = 0;
    for (const SealedPart& part : parts) {
      pqxx::result rows = tx.Exec(kLock, part.id);
      if (rows.empty()) return absl::FailedPreconditionError("the upload is over");
      const Attachment now = Read(rows[0]);
      if (now.sealed && now.size == part.size) continue;
      if (now.sealed || (!now.remote && (!now.present || now.size != part.size))) {
        return absl::FailedPreconditionError("the object has changed");
      }
      added += part.size - now.size;
      tx.Exec(kSeal, part.id, part.size, part.content_type);
    }
    if (added > 0 && used + added > account_bytes) return OverQuota();
    if (added != 0) tx.Exec(kAddUse, account.value, added);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<Attachment>> PgAttachmentStore::ByName(pg::Deadline deadline,
                                                                    const std::string& name) {
  using Found = std::optional<Attachment>;
  if (AsName(name).empty()) return Found();
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kByName, name);
    return rows.empty() ? Found() : Found(Read(rows[0]));
  });
}

absl::Status PgAttachmentStore::Receive(pg::Deadline deadline, const Attachment& attachment,
                                        int64_t size, const std::string& content_type,
                                        int64_t account_bytes, const Adopt& adopt) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    const int64_t used = LockUse(tx, attachment.account);
    pqxx::result rows = tx.Exec(kLock, attachment.id);
    if (rows.empty()) return absl::NotFoundError("the upload is over");
    const Attachment now = Read(rows[0]);
    if (now.sealed) return absl::FailedPreconditionError("the object is complete");
    if (used - now.size + size > account_bytes) return OverQuota();
    tx.Exec(kReceive, attachment.id, size, content_type);
    tx.Exec(kAddUse, attachment.account.value, size - now.size);
    // Last: a file that replaces another one cannot be rolled back.
    return adopt();
  });
}

absl::StatusOr<std::vector<std::optional<Attachment>>> PgAttachmentStore::Find(
    pg::Deadline deadline, const std::vector<Named>& asked) {
  using Found = std::vector<std::optional<Attachment>>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    Found found;
    for (const Named& one : asked) {
      pqxx::result rows = tx.Exec(kFind, one.account.value, AsName(one.id), binarystring(one.id));
      found.push_back(rows.empty() ? std::nullopt : std::optional(Read(rows[0])));
    }
    return found;
  });
}

absl::StatusOr<AttachmentStore::Parts> PgAttachmentStore::Called(pg::Deadline deadline,
                                                                 AccountId account,
                                                                 const std::string& id) {
  return pool_.Get<Parts>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Parts> {
    return ReadAll(tx.Exec(kCalled, account.value, AsName(id), binarystring(id)));
  });
}

absl::StatusOr<std::string> PgAttachmentStore::Secret(pg::Deadline deadline,
                                                      const std::string& name,
                                                      const std::string& fresh) {
  return pool_.Get<std::string>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
    tx.Exec(kKeepSecret, name, binarystring(fresh));
    return binarystring(tx.Exec(kSecret, name)[0][0]).str();
  });
}

}  // namespace chat::media
