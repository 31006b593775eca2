#include "services/media/pg_object_store.h"

#include "libs/base/status.h"

namespace chat::media {
namespace {

using pqxx::binarystring;

constexpr pg::Statement kUseRow{
    "media_use_row",
    "INSERT INTO media.usage (account_id) VALUES ($1) ON CONFLICT (account_id) DO NOTHING"};
constexpr pg::Statement kUse{"media_use",
                             "SELECT bytes FROM media.usage WHERE account_id = $1 FOR UPDATE"};
constexpr pg::Statement kAddUse{"media_add_use",
                                "UPDATE media.usage SET bytes = bytes + $2 WHERE account_id = $1"};
constexpr pg::Statement kUnfinished{
    "media_unfinished",
    "SELECT count(*) FROM media.object"
    " WHERE account_id = $1 AND finished IS NULL AND message_id IS NULL"};
// Of an `upload` message that was not completed, or half an upload.
#define CHAT_UNFINISHED "(finished IS NULL OR (message_id IS NOT NULL AND sealed IS NULL))"
constexpr pg::Statement kLock{
    "media_lock",
    "SELECT id, size, stored, finished IS NOT NULL AS finished,"
    "  touched < now() - $3 * interval '1 second' AS idle,"
    "  NOT " CHAT_UNFINISHED
    " AS kept, name, remote"
    " FROM media.object WHERE account_id = $1 AND transfer_id = $2 FOR UPDATE"};
constexpr pg::Statement kCreate{
    "media_create",
    "INSERT INTO media.object (account_id, transfer_id, size, filename, meta)"
    " VALUES ($1, $2, $3, $4, $5) RETURNING id"};
constexpr pg::Statement kResize{
    "media_resize",
    "UPDATE media.object SET size = $2, stored = $3, filename = $4, meta = $5, touched = now()"
    " WHERE id = $1"};
constexpr pg::Statement kTouch{"media_touch",
                               "UPDATE media.object SET touched = now() WHERE id = $1"};
constexpr pg::Statement kStore{"media_store",
                               "UPDATE media.object SET stored = $2, touched = now(),"
                               "  finished = CASE WHEN $3 THEN now() END"
                               " WHERE id = $1"};
constexpr pg::Statement kRemove{"media_remove", "DELETE FROM media.object WHERE id = $1"};
constexpr pg::Statement kIdle{"media_idle",
                              "SELECT account_id, transfer_id FROM media.object"
                              " WHERE " CHAT_UNFINISHED
                              " AND touched < now() - $1 * interval '1 second'"
                              " ORDER BY touched LIMIT 100"};
struct Locked {
  Upload upload;
  bool idle = false;
  bool kept = false;
  StoredPlace place;
};

std::optional<Locked> Lock(pg::Tx& tx, const TransferKey& key, int64_t idle_s = 0) {
  pqxx::result rows = tx.Exec(kLock, key.account.value, binarystring(key.id), idle_s);
  if (rows.empty()) return std::nullopt;
  const pqxx::row& row = rows[0];
  return Locked{{row["id"].as<int64_t>(), row["size"].as<int64_t>(), row["stored"].as<int64_t>(),
                 row["finished"].as<bool>()},
                row["idle"].as<bool>(),
                row["kept"].as<bool>(),
                {row["id"].as<int64_t>(), row["name"].c_str(), row["remote"].as<bool>()}};
}

int64_t LockUse(pg::Tx& tx, AccountId account) {
  tx.Exec(kUseRow, account.value);
  return tx.Exec(kUse, account.value)[0][0].as<int64_t>();
}

void Create(pg::Tx& tx, const TransferKey& key, const NewUpload& wanted,
            std::optional<Upload>* upload) {
  pqxx::result rows = tx.Exec(kCreate, key.account.value, binarystring(key.id), wanted.size,
                              binarystring(wanted.filename), binarystring(wanted.meta));
  tx.Exec(kAddUse, key.account.value, wanted.size);
  *upload = Upload{.id = rows[0][0].as<int64_t>(), .size = wanted.size};
}

void Resize(pg::Tx& tx, const TransferKey& key, const NewUpload& wanted, int64_t stored,
            Upload* upload) {
  tx.Exec(kResize, upload->id, wanted.size, stored, binarystring(wanted.filename),
          binarystring(wanted.meta));
  tx.Exec(kAddUse, key.account.value, wanted.size - upload->size);
  upload->size = wanted.size;
  upload->stored = stored;
}

}  // namespace

absl::StatusOr<std::optional<Upload>> PgObjectStore::Open(pg::Deadline deadline,
                                                          const TransferKey& key,
                                                          const NewUpload& wanted,
                                                          const DecideOpen& decide) {
  using Found = std::optional<Upload>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    const int64_t bytes = LockUse(tx, key.account);
    std::optional<Locked> locked = Lock(tx, key);
    Found upload = locked ? Found(locked->upload) : std::nullopt;
    const int64_t unfinished = tx.Exec(kUnfinished, key.account.value)[0][0].as<int64_t>();
    switch (decide(upload, {bytes, unfinished})) {
      case OpenVerdict::kRefused:
        break;
      case OpenVerdict::kCreate:
        Create(tx, key, wanted, &upload);
        break;
      case OpenVerdict::kResume:
        tx.Exec(kTouch, upload->id);
        break;
      case OpenVerdict::kResize:
        Resize(tx, key, wanted, upload->stored, &*upload);
        break;
      case OpenVerdict::kRestart:
        Resize(tx, key, wanted, 0, &*upload);
        break;
    }
    return upload;
  });
}

absl::StatusOr<std::optional<Upload>> PgObjectStore::Append(pg::Deadline deadline,
                                                            const TransferKey& key,
                                                            const Write& write) {
  using Found = std::optional<Upload>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    std::optional<Locked> locked = Lock(tx, key);
    if (!locked) return Found();
    Upload after = locked->upload;
    CHAT_RETURN_IF_ERROR(write(&after));
    if (after.stored != locked->upload.stored || after.finished != locked->upload.finished) {
      tx.Exec(kStore, after.id, after.stored, after.finished);
    }
    return Found(after);
  });
}

absl::StatusOr<bool> PgObjectStore::Cancel(pg::Deadline deadline, const TransferKey& key,
                                           const Erase& erase, int64_t idle_s) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    LockUse(tx, key.account);
    std::optional<Locked> locked = Lock(tx, key, idle_s);
    if (!locked || locked->kept || (idle_s > 0 && !locked->idle)) return false;
    // Bytes first: a crash between leaves a row that is removed again, not bytes that nobody knows.
    CHAT_RETURN_IF_ERROR(erase(locked->place));
    tx.Exec(kRemove, locked->upload.id);
    tx.Exec(kAddUse, key.account.value, -locked->upload.size);
    return true;
  });
}

absl::StatusOr<std::vector<TransferKey>> PgObjectStore::Idle(pg::Deadline deadline,
                                                             int64_t idle_s) {
  using Keys = std::vector<TransferKey>;
  return pool_.Get<Keys>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Keys> {
    Keys keys;
    for (const pqxx::row& row : tx.Exec(kIdle, idle_s)) {
      keys.push_back({AccountId{row[0].as<int64_t>()}, binarystring(row[1]).str()});
    }
    return keys;
  });
}

}  // namespace chat::media
