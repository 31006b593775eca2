#include "libs/pg/migrate.h"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <pqxx/pqxx>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/pg/connection.h"
#include "libs/pg/failure.h"

namespace chat::pg {
namespace {

// Name and checksum of what a schema has.
using Applied = std::map<std::string, std::string>;

std::string Checksum(std::string_view sql) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(sql.data(), sql.size(), digest, &length, EVP_sha256(), nullptr) != 1) std::abort();
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

// A plain identifier, so that it may stand in SQL unquoted.
absl::Status CheckName(const std::string& schema) {
  bool plain = !schema.empty() && schema.size() < 64 && schema[0] >= 'a' && schema[0] <= 'z' &&
               std::all_of(schema.begin(), schema.end(), [](char c) {
                 return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
               });
  if (plain) return absl::OkStatus();
  return absl::InvalidArgumentError(View("'" + schema + "' cannot name a schema"));
}

absl::Status Refused(const std::string& schema, std::string_view name, std::string_view what) {
  return absl::FailedPreconditionError(
      View("migration " + schema + "/" + std::string(name) + " " + std::string(what)));
}

Applied ReadApplied(pqxx::work& work, const std::string& schema) {
  Applied applied;
  for (const auto& row : work.exec("SELECT name, checksum FROM " + schema + ".migration")) {
    applied[row[0].as<std::string>()] = row[1].as<std::string>();
  }
  return applied;
}

// What is applied must be part of `migrations`, unchanged, or come after all of them: each suits
// the version before it, so a process of that version may start while an upgrade runs or is taken
// back.
absl::Status CheckApplied(const std::string& schema, std::span<const Migration> migrations,
                          Applied applied) {
  for (const Migration& migration : migrations) {
    auto it = applied.find(std::string(migration.name));
    if (it == applied.end()) continue;
    if (it->second != Checksum(migration.sql)) {
      return Refused(schema, migration.name, "was applied with another text");
    }
    applied.erase(it);
  }
  if (applied.empty()) return absl::OkStatus();
  const std::string& unknown = applied.begin()->first;
  if (!migrations.empty() && unknown <= migrations.back().name) {
    return Refused(schema, unknown,
                   "is applied but unknown, and not newer than all that are known");
  }
  log::Warn("the schema is newer than this version", {{"schema", schema}, {"migration", unknown}});
  return absl::OkStatus();
}

// Runs `body` with libpqxx's exceptions turned into statuses, marked with what was being done.
template <typename Body>
absl::Status Guarded(const std::string& doing, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    absl::Status status = Classify(error, true).status;
    return absl::Status(status.code(), View(doing + ": " + Message(status)));
  }
}

absl::Status Apply(pqxx::connection& connection, const std::string& schema,
                   const Migration& migration) {
  return Guarded("migration " + schema + "/" + std::string(migration.name), [&] {
    pqxx::work work(connection);
    work.exec(std::string(migration.sql));
    work.exec_params("INSERT INTO " + schema + ".migration (name, checksum) VALUES ($1, $2)",
                     std::string(migration.name), Checksum(migration.sql));
    work.commit();
    log::Info("migration applied", {{"schema", schema}, {"name", migration.name}});
    return absl::OkStatus();
  });
}

absl::Status MigrateLocked(pqxx::connection& connection, const std::string& schema,
                           std::span<const Migration> migrations) {
  Applied applied;
  {
    pqxx::work work(connection);
    work.exec("CREATE SCHEMA IF NOT EXISTS " + schema);
    work.exec("CREATE TABLE IF NOT EXISTS " + schema +
              ".migration (name text PRIMARY KEY, checksum text NOT NULL,"
              " applied timestamptz NOT NULL DEFAULT now())");
    applied = ReadApplied(work, schema);
    work.commit();
  }
  CHAT_RETURN_IF_ERROR(CheckApplied(schema, migrations, applied));
  for (const Migration& migration : migrations) {
    if (applied.contains(std::string(migration.name))) continue;
    CHAT_RETURN_IF_ERROR(Apply(connection, schema, migration));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(const std::string& url, const std::string& schema,
                     std::span<const Migration> migrations) {
  CHAT_RETURN_IF_ERROR(CheckName(schema));
  CHAT_ASSIGN_OR_RETURN(std::string text, ConnectionString(url, "-c client_min_messages=warning"));
  return Guarded("schema " + schema, [&]() -> absl::Status {
    auto connection = Open(text);
    {
      // Held by the session until the connection ends, so across the transactions below.
      pqxx::nontransaction lock(*connection);
      lock.exec_params("SELECT pg_advisory_lock(hashtextextended('chat migration ' || $1, 0))",
                       schema);
    }
    return MigrateLocked(*connection, schema, migrations);
  });
}

absl::Status CheckMigrated(const std::string& url, const std::string& schema,
                           std::span<const Migration> migrations) {
  CHAT_RETURN_IF_ERROR(CheckName(schema));
  CHAT_ASSIGN_OR_RETURN(std::string text, ConnectionString(url, SessionSettings()));
  return Guarded("schema " + schema, [&]() -> absl::Status {
    auto connection = Open(text);
    pqxx::work work(*connection);
    pqxx::result found =
        work.exec_params("SELECT to_regclass($1) IS NOT NULL", schema + ".migration");
    if (!found[0][0].as<bool>()) {
      return absl::FailedPreconditionError(View("schema " + schema + " is not migrated"));
    }
    Applied applied = ReadApplied(work, schema);
    CHAT_RETURN_IF_ERROR(CheckApplied(schema, migrations, applied));
    for (const Migration& migration : migrations) {
      if (!applied.contains(std::string(migration.name))) {
        return Refused(schema, migration.name, "is not applied");
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace chat::pg
