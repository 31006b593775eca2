#include "services/messaging/pg_open_store.h"

#include <algorithm>
#include <optional>
#include <pqxx/pqxx>

#include "libs/base/status.h"
#include "libs/mqtt/topic.h"
#include "services/messaging/array_literals.h"

namespace chat::messaging {

namespace {

constexpr int kMaxPage = 1000;
constexpr int64_t kPageBytes = 2 << 20;
constexpr int kRetainedPage = 500;
constexpr int64_t kRetainedPageBytes = 256 << 10;

// The row lock makes the order of positions the order of commits.
constexpr pg::Statement kTakePositions = {
    "open_take_positions",
    "UPDATE delivery.open_top SET position = position + $1 RETURNING position"};

constexpr pg::Statement kAppend = {
    "open_append",
    "INSERT INTO delivery.open_message (position, topic, payload, qos, retain, properties, "
    "expires_at_ms, client_id) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], "
    "$4::bigint[], $5::boolean[], $6::bytea[], $7::bigint[], $8::bytea[])"};

constexpr pg::Statement kKeep = {
    "open_keep_retained",
    "INSERT INTO delivery.open_retained (topic, position, payload, qos, properties, "
    "expires_at_ms, client_id) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (topic) DO UPDATE "
    "SET position = excluded.position, payload = excluded.payload, qos = excluded.qos, "
    "properties = excluded.properties, expires_at_ms = excluded.expires_at_ms, "
    "client_id = excluded.client_id"};

constexpr pg::Statement kClear = {"open_clear_retained",
                                  "DELETE FROM delivery.open_retained WHERE topic = $1"};

// The rows of a page up to the one that makes it large enough; the lengths are known without
// reading the payloads. `found`: how many there are, with those left out.
#define CHAT_PAGE_OF(table, key, where, limit, bytes)                                              \
  "SELECT m.*, p.found FROM (SELECT " key                                                          \
  ", count(*) OVER () AS found, "                                                                  \
  "sum(size) OVER (ORDER BY " key ") - size AS before FROM (SELECT " key                           \
  ", octet_length(payload) + octet_length(topic) AS size FROM " table " WHERE " where              \
  " ORDER BY " key " LIMIT " limit ") s) p JOIN " table " m USING (" key ") WHERE before < " bytes \
  " ORDER BY " key

constexpr pg::Statement kRead = {
    "open_read", CHAT_PAGE_OF("delivery.open_message", "position", "position > $1", "$2", "$3")};

constexpr pg::Statement kReadThese = {
    "open_read_these",
    CHAT_PAGE_OF("delivery.open_kept", "position", "position = ANY($1::bigint[])", "$2", "$3")};

constexpr pg::Statement kTop = {"open_top", "SELECT position FROM delivery.open_top"};

constexpr pg::Statement kRetained = {
    "open_retained",
    CHAT_PAGE_OF("delivery.open_retained", "topic",
                 "topic >= $1 AND topic > $2 AND ($3::bytea IS NULL OR topic < $3) AND "
                 "(expires_at_ms = 0 OR "
                 "expires_at_ms > extract(epoch FROM clock_timestamp()) * 1000)",
                 "$4", "$5")};

constexpr pg::Statement kClaim = {
    "open_claim",
    "INSERT INTO delivery.open_claim (message, share) VALUES ($1, $2) ON CONFLICT DO NOTHING"};

constexpr pg::Statement kSeeGateway = {
    "open_see_gateway",
    "INSERT INTO delivery.gateway (address, seen_at) VALUES ($1, clock_timestamp()) "
    "ON CONFLICT (address) DO UPDATE SET seen_at = excluded.seen_at"};

// Due, or of a gateway that has not been heard of for 10 s and then for the will's delay.
constexpr pg::Statement kTakeWills = {
    "open_take_wills",
    "DELETE FROM delivery.stored_will WHERE session_id IN ("
    "SELECT w.session_id FROM delivery.stored_will w "
    "LEFT JOIN delivery.gateway g ON g.address = w.gateway "
    "WHERE w.due_at <= clock_timestamp() OR (w.due_at IS NULL AND "
    "g.seen_at < clock_timestamp() - make_interval(secs => 10 + w.delay_s)) "
    "LIMIT 100 FOR UPDATE OF w SKIP LOCKED) RETURNING will"};

constexpr pg::Statement kPruneLog = {
    "open_prune_log",
    "DELETE FROM delivery.open_message WHERE position <= (SELECT position FROM delivery.open_top) "
    "- $1"};
constexpr pg::Statement kPruneRetained = {
    "open_prune_retained",
    "DELETE FROM delivery.open_retained WHERE expires_at_ms > 0 AND "
    "expires_at_ms < extract(epoch FROM clock_timestamp()) * 1000"};
constexpr pg::Statement kPruneClaims = {
    "open_prune_claims",
    "DELETE FROM delivery.open_claim c WHERE claimed_at < clock_timestamp() - interval '1 hour' "
    "AND NOT EXISTS (SELECT FROM delivery.open_message m WHERE m.position = c.message)"};

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

void Fill(const pqxx::row& row, v1::OpenMessage* message) {
  message->set_position(row["position"].as<int64_t>());
  message->set_topic(Bytes(row["topic"]));
  message->set_payload(Bytes(row["payload"]));
  message->set_qos(row["qos"].as<uint32_t>());
  message->set_properties(Bytes(row["properties"]));
  message->set_expires_at_ms(row["expires_at_ms"].as<int64_t>());
  message->set_client_id(Bytes(row["client_id"]));
}

// A bytea as the server reads it from text.
std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\\x";
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out.push_back(kDigits[static_cast<uint8_t>(c) & 0x0F]);
  }
  return out;
}

// The least text above all that begin with `prefix`; none when there is no bound.
std::optional<std::string> Above(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xFF) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  ++prefix.back();
  return prefix;
}

void KeepRetained(pg::Tx& tx, const v1::OpenMessage& message) {
  const pqxx::binarystring topic(message.topic());
  if (message.payload().empty()) {  // MQTT-3.3.1-10
    tx.Exec(kClear, topic);
  } else {
    tx.Exec(kKeep, topic, message.position(), pqxx::binarystring(message.payload()),
            static_cast<int64_t>(message.qos()), pqxx::binarystring(message.properties()),
            message.expires_at_ms(), pqxx::binarystring(message.client_id()));
  }
}

}  // namespace

absl::Status PgOpenStore::Append(pg::Deadline deadline, v1::OpenPublishRequest* request) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    const int64_t count = request->messages_size();
    int64_t position = tx.Exec(kTakePositions, count)[0][0].as<int64_t>() - count;
    ArrayLiteral positions, topics, payloads, qos, retains, properties, expiries, clients;
    for (v1::OpenMessage& message : *request->mutable_messages()) {
      message.set_position(++position);
      positions.Add(position);
      topics.AddBytes(message.topic());
      payloads.AddBytes(message.payload());
      qos.Add(message.qos());
      retains.AddText(message.retain() ? "t" : "f");
      properties.AddBytes(message.properties());
      expiries.Add(message.expires_at_ms());
      clients.AddBytes(message.client_id());
    }
    tx.Exec(kAppend, positions.text(), topics.text(), payloads.text(), qos.text(), retains.text(),
            properties.text(), expiries.text(), clients.text());
    for (const v1::OpenMessage& message : request->messages()) {
      if (message.retain()) KeepRetained(tx, message);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::OpenReadReply> PgOpenStore::Read(pg::Deadline deadline,
                                                    const v1::OpenReadRequest& request) {
  using Reply = v1::OpenReadReply;
  return pool_.Read<Reply>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Reply> {
    Reply reply;
    // Before the page: all up to it is committed and will be seen.
    reply.set_top(tx.Exec(kTop)[0][0].as<int64_t>());
    const auto read = [&](const pqxx::result& rows, int limit) {
      for (const pqxx::row& row : rows) {
        if (reply.messages_size() == limit) break;
        v1::OpenMessage* message = reply.add_messages();
        Fill(row, message);
        message->set_retain(row["retain"].as<bool>());
      }
      reply.set_more(!rows.empty() && rows[0]["found"].as<int>() > reply.messages_size());
    };
    if (request.positions_size() > 0) {
      ArrayLiteral wanted;
      for (int64_t position : request.positions()) wanted.Add(position);
      read(tx.Exec(kReadThese, wanted.text(), request.positions_size(), kPageBytes),
           request.positions_size());
    } else {
      const int limit = std::clamp(request.limit(), 1, kMaxPage);
      read(tx.Exec(kRead, request.above(), limit + 1, kPageBytes), limit);
    }
    return reply;
  });
}

absl::StatusOr<v1::OpenRetainedReply> PgOpenStore::Retained(
    pg::Deadline deadline, const v1::OpenRetainedRequest& request) {
  using Reply = v1::OpenRetainedReply;
  return pool_.Read<Reply>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Reply> {
    Reply reply;
    reply.set_top(tx.Exec(kTop)[0][0].as<int64_t>());
    const std::string& filter = request.filter();
    if (filter.empty()) return reply;
    const size_t wildcard = filter.find_first_of("+#");
    std::string low = filter.substr(0, wildcard);
    // `a/#` matches `a` as well.
    if (wildcard != std::string::npos && low.ends_with('/')) low.pop_back();
    const auto high = wildcard == std::string::npos ? std::optional(low + '\0') : Above(low);
    const pqxx::result rows =
        tx.Exec(kRetained, pqxx::binarystring(low), pqxx::binarystring(request.after()),
                high ? std::optional(Hex(*high)) : std::nullopt, kRetainedPage, kRetainedPageBytes);
    for (const pqxx::row& row : rows) {
      if (mqtt::TopicMatches(filter, Bytes(row["topic"]))) {
        v1::OpenMessage* message = reply.add_messages();
        Fill(row, message);
        message->set_retain(true);
      }
    }
    if (!rows.empty()) {
      // A whole page may have been looked at although all that follows is something else.
      reply.set_more(rows.size() == kRetainedPage || rows[0]["found"].as<size_t>() > rows.size());
      reply.set_after(Bytes(rows.back()["topic"]));
    }
    return reply;
  });
}

absl::StatusOr<bool> PgOpenStore::Claim(pg::Deadline deadline, int64_t message,
                                        const std::string& share) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return tx.Exec(kClaim, message, share).affected_rows() == 1;
  });
}

absl::StatusOr<v1::TakeWillsReply> PgOpenStore::TakeWills(pg::Deadline deadline,
                                                          const std::string& gateway) {
  using Reply = v1::TakeWillsReply;
  return pool_.Get<Reply>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Reply> {
    tx.Exec(kSeeGateway, gateway);
    Reply reply;
    for (const pqxx::row& row : tx.Exec(kTakeWills)) {
      reply.add_wills()->ParseFromString(Bytes(row["will"]));
    }
    return reply;
  });
}

absl::Status PgOpenStore::Prune(pg::Deadline deadline) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kPruneLog, log_messages_);
    tx.Exec(kPruneRetained);
    tx.Exec(kPruneClaims);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
