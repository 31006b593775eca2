#include "services/messaging/message_rows.h"

namespace chat::messaging {

MessageRow ReadMessageRow(const pqxx::row& row) {
  MessageRow out;
  out.id = row["id"].as<int64_t>();
  out.position = row["position"].as<int64_t>();
  out.previous = row["previous"].as<int64_t>();
  out.prev = row["prev"].as<int64_t>();
  out.feed.value = row["feed_id"].as<int64_t>();
  out.created_ms = row["created_ms"].as<int64_t>();
  out.committed_ms = row["committed_ms"].as<int64_t>();
  out.status = row["status"].as<int>();
  out.edited = row["edited"].as<bool>();
  out.body = pqxx::binarystring(row["body"]).str();
  out.from = row["from_text"].c_str();
  out.to = row["to_text"].c_str();
  out.from_account.value = row["from_account"].as<int64_t>();
  out.to_account.value = row["to_account"].as<int64_t>();
  out.members_version = row["members_version"].as<int64_t>();
  return out;
}

NoticeRow ReadNoticeRow(const pqxx::row& row) {
  NoticeRow out;
  out.position = row["position"].as<int64_t>();
  out.previous = row["previous"].as<int64_t>();
  out.feed.value = row["feed_id"].as<int64_t>();
  out.committed_ms = row["committed_ms"].as<int64_t>();
  out.rosters_changed = row["rosters_changed"].as<bool>();
  out.record = pqxx::binarystring(row["record"]).str();
  out.topic = row["topic"].c_str();
  out.members_version = row["members_version"].as<int64_t>();
  for (const char* column : {"one", "other"}) {
    AccountId account{row[column].as<int64_t>(0)};
    if (account && (out.accounts.empty() || out.accounts[0] != account)) {
      out.accounts.push_back(account);
    }
  }
  return out;
}

}  // namespace chat::messaging
