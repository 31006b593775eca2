#include "services/messaging/pg_send_store.h"

#include <map>
#include <string_view>

#include "libs/base/status.h"
#include "services/messaging/array_literals.h"
#include "services/messaging/message_rows.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kAppend = {
    "messaging_append",
    "SELECT * FROM messaging.append($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], "
    "$5::bytea[], $6::bytea[], $7::bytea[], $8::bigint[], $9::bytea[], $10::bigint[], "
    "$11::smallint)"};

constexpr pg::Statement kChange = {
    "messaging_change",
    "SELECT * FROM messaging.change($1::bigint, $2::bigint, $3::bigint, $4::smallint, "
    "$5::boolean, $6::bytea, $7::bigint[])"};

constexpr pg::Statement kRepeated = {"messaging_repeated",
                                     "SELECT " CHAT_MESSAGE_COLUMNS
                                     " FROM messaging.message m " CHAT_MESSAGE_JOINS
                                     "WHERE m.id = ANY ($1::bigint[])"};

struct Columns {
  ArrayLiteral accounts, authors, peers, msg_ids, dup_keys, dup_finds, dup_befores, createds,
      bodies;
};

void AddOptional(const std::optional<std::string>& value, ArrayLiteral* to) {
  value.has_value() ? to->AddBytes(*value) : to->AddNull();
}

void AddNonEmpty(const std::string& value, ArrayLiteral* to) {
  value.empty() ? to->AddNull() : to->AddBytes(value);
}

Columns ColumnsOf(std::span<const Send* const> sends) {
  Columns columns;
  for (const Send* send : sends) {
    columns.accounts.Add(send->account.value);
    columns.authors.Add(send->author.value);
    columns.peers.AddText(send->peer);
    AddNonEmpty(send->msg_id, &columns.msg_ids);
    AddNonEmpty(send->dup_key, &columns.dup_keys);
    AddOptional(send->dup_find, &columns.dup_finds);
    AddOptional(send->dup_before, &columns.dup_befores);
    send->created ? columns.createds.Add(*send->created) : columns.createds.AddNull();
    columns.bodies.AddBytes(send->body);
  }
  return columns;
}

SendOutcome::Kind KindOf(std::string_view text) {
  if (text == "stored" || text == "changed") return SendOutcome::Kind::kStored;
  if (text == "repeat") return SendOutcome::Kind::kRepeat;
  if (text == "retry") return SendOutcome::Kind::kRetry;
  if (text == "stale") return SendOutcome::Kind::kStale;
  return SendOutcome::Kind::kDenied;
}

SendOutcome ReadChange(const pqxx::row& row, const MessageRow& changed) {
  SendOutcome outcome;
  outcome.kind = KindOf(row["outcome"].c_str());
  outcome.row = changed;
  outcome.row.position = row["position"].as<int64_t>();
  outcome.row.previous = row["previous"].as<int64_t>();
  outcome.row.committed_ms = row["committed_ms"].as<int64_t>();
  return outcome;
}

SendOutcome ReadOutcome(const pqxx::row& row, const Send& send) {
  SendOutcome outcome;
  outcome.kind = KindOf(row["outcome"].c_str());
  MessageRow& out = outcome.row;
  if (outcome.kind == SendOutcome::Kind::kRepeat) out.id = row["id"].as<int64_t>();
  if (outcome.kind != SendOutcome::Kind::kStored) return outcome;
  out.id = out.position = row["id"].as<int64_t>();
  out.previous = row["previous"].as<int64_t>();
  out.prev = row["prev"].as<int64_t>();
  out.feed.value = row["feed_id"].as<int64_t>();
  out.created_ms = row["created_ms"].as<int64_t>();
  out.committed_ms = row["committed_ms"].as<int64_t>();
  out.status = send.status;
  out.body = send.body;
  out.from = row["author_phone_id"].c_str();
  out.to = row["peer_text"].c_str();
  out.from_account = send.account;
  out.to_account.value = row["peer_account"].as<int64_t>(0);
  out.members_version = row["members_version"].as<int64_t>(0);
  return outcome;
}

}  // namespace

absl::StatusOr<SendOutcomes> PgSendStore::Append(pg::Deadline deadline,
                                                 std::span<const Send* const> sends,
                                                 const std::vector<int64_t>& published) {
  Columns c = ColumnsOf(sends);
  SendOutcomes outcomes;
  bool repeats = false;
  const int status = sends.empty() ? int{v1::Message::SENT} : sends[0]->status;
  CHAT_RETURN_IF_ERROR(pool_.RunStatement(deadline, [&](pg::Tx& tx) -> absl::Status {
    outcomes = {};
    repeats = false;
    pqxx::result rows =
        tx.Exec(kAppend, c.accounts.text(), c.authors.text(), c.peers.text(), c.msg_ids.text(),
                c.dup_keys.text(), c.dup_finds.text(), c.dup_befores.text(), c.createds.text(),
                c.bodies.text(), pg::Array(published), status);
    if (rows.size() != sends.size()) return absl::InternalError("append: rows do not match sends");
    for (size_t i = 0; i < sends.size(); ++i) {
      outcomes.each.push_back(ReadOutcome(rows[static_cast<int>(i)], *sends[i]));
      repeats |= outcomes.each.back().kind == SendOutcome::Kind::kRepeat;
    }
    if (!rows.empty()) outcomes.announcement = rows[0]["announcement"].as<int64_t>(0);
    return absl::OkStatus();
  }));
  // The batch is committed: a repeat that cannot be read now is only sent again.
  if (repeats && !LoadRepeats(deadline, &outcomes).ok()) {
    for (SendOutcome& outcome : outcomes.each) {
      if (outcome.kind == SendOutcome::Kind::kRepeat) outcome.kind = SendOutcome::Kind::kRetry;
    }
  }
  return outcomes;
}

absl::StatusOr<SendOutcomes> PgSendStore::Change(pg::Deadline deadline, const Send& send,
                                                 const std::vector<int64_t>& published) {
  const MessageRow& row = *send.change;
  SendOutcomes outcomes;
  CHAT_RETURN_IF_ERROR(pool_.RunStatement(deadline, [&](pg::Tx& tx) -> absl::Status {
    pqxx::result rows = tx.Exec(kChange, row.feed.value, row.id, row.position, row.status,
                                row.edited, pqxx::binarystring(row.body), pg::Array(published));
    outcomes = {};
    outcomes.each.push_back(ReadChange(rows[0], row));
    outcomes.announcement = rows[0]["announcement"].as<int64_t>();
    return absl::OkStatus();
  }));
  return outcomes;
}

absl::Status PgSendStore::LoadRepeats(pg::Deadline deadline, SendOutcomes* outcomes) {
  std::vector<int64_t> ids;
  for (const SendOutcome& outcome : outcomes->each) {
    if (outcome.kind == SendOutcome::Kind::kRepeat) ids.push_back(outcome.row.id);
  }
  std::map<int64_t, MessageRow> by_id;
  CHAT_RETURN_IF_ERROR(pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    for (const pqxx::row& row : tx.Exec(kRepeated, pg::Array(ids))) {
      MessageRow message = ReadMessageRow(row);
      by_id[message.id] = std::move(message);
    }
    return absl::OkStatus();
  }));
  for (SendOutcome& outcome : outcomes->each) {
    if (outcome.kind != SendOutcome::Kind::kRepeat) continue;
    auto found = by_id.find(outcome.row.id);
    if (found == by_id.end()) return absl::InternalError("a repeated message has gone");
    outcome.row = found->second;
  }
  return absl::OkStatus();
}

}  // namespace chat::messaging
