// Forward-only migrations. Each service owns its schemas and carries its .sql files in its binary
// (chat_migrations() in libs/pg/CMakeLists.txt makes them a constant).
#pragma once

#include <absl/status/status.h>

#include <span>
#include <string>
#include <string_view>

namespace chat::pg {

struct Migration {
  std::string_view name;  // "0001_contacts.sql": applied in this order
  std::string_view sql;
};

// Applies those that `schema`.migration does not list yet, each in a transaction of its own, under
// an advisory lock: safe twice and at once. Creates the schema. Refuses (kFailedPrecondition) when
// an applied migration's text has changed.
absl::Status Migrate(const std::string& url, const std::string& schema,
                     std::span<const Migration> migrations);

// kFailedPrecondition unless these are applied and, beside them, only newer ones; a service checks it
// before it serves.
absl::Status CheckMigrated(const std::string& url, const std::string& schema,
                           std::span<const Migration> migrations);

// A schema that a process owns, as rpc::Process::Schema() takes it. `url` is read when it is used:
// after the configuration has been parsed.
struct Schema {
  std::string name;
  std::span<const Migration> migrations;
  const std::string* url;

  absl::Status Migrate() const { return pg::Migrate(*url, name, migrations); }
  absl::Status Check() const { return CheckMigrated(*url, name, migrations); }
};

}  // namespace chat::pg
