#include "services/media/media_fixture.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "libs/pg/migrate.h"
#include "services/media/migrations.h"

namespace chat::media {
namespace {

std::string Superuser() {
  const char* url = std::getenv("CHAT_TEST_PG");
  return url == nullptr ? "" : url;
}

std::string DatabaseName() { return "media_test_" + std::to_string(getpid()); }

// The superuser's URL with another database.
std::string DatabaseUrl() {
  const std::string url = Superuser();
  const size_t query = std::min(url.find('?'), url.size());
  const size_t slash = std::min(url.find('/', url.find("//") + 2), query);
  return url.substr(0, slash) + "/" + DatabaseName() + url.substr(query);
}

std::string RunOn(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction work(connection);
  const pqxx::result rows = work.exec(sql);
  return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
}

}  // namespace

void MediaFixture::SetUpTestSuite() {
  if (Superuser().empty()) return;
  RunOn(Superuser(), "DROP DATABASE IF EXISTS " + DatabaseName());
  RunOn(Superuser(), "CREATE DATABASE " + DatabaseName());
  const absl::Status migrated = pg::Migrate(DatabaseUrl(), "media", kMigrations);
  ASSERT_TRUE(migrated.ok()) << migrated;
}

void MediaFixture::TearDownTestSuite() {
  if (!Superuser().empty()) {
    RunOn(Superuser(), "DROP DATABASE IF EXISTS " + DatabaseName() + " WITH (FORCE)");
  }
}

MediaFixture::MediaFixture() {
  if (Superuser().empty()) {
    ADD_FAILURE() << "CHAT_TEST_PG is not set";
    std::exit(1);
  }
  Exec("TRUNCATE media.object, media.usage, media.cdr, media.call, media.outbox");
  std::string pattern = (std::filesystem::temp_directory_path() / "media-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  pool_ = std::make_unique<pg::Pool>(DatabaseUrl(), 8);
  store_ = std::make_unique<PgObjectStore>(*pool_);
  attachment_store_ = std::make_unique<PgAttachmentStore>(*pool_);
  files_ = std::make_unique<ObjectFiles>(folder_);
  transfers_ = std::make_unique<Transfers>(*store_, *files_, limits_);
}

MediaFixture::~MediaFixture() { std::filesystem::remove_all(folder_); }

std::string MediaFixture::Exec(const std::string& sql) { return RunOn(DatabaseUrl(), sql); }

rpc::Call MediaFixture::As(int64_t account) {
  rpc::Call call = rpc::Background(std::chrono::seconds(10));
  call.caller.set_account_id(account);
  call.caller.set_token(kToken);
  return call;
}

v1::Ftp MediaFixture::Init(const std::string& id, int64_t size) {
  v1::Ftp ftp;
  ftp.set_id(id);
  ftp.set_sid(kToken);
  ftp.set_filename("dir/photo.jpg");
  ftp.set_meta("meta");
  ftp.set_size(size);
  ftp.set_offset(0);
  ftp.set_block(1);
  ftp.set_data("");
  ftp.set_status("init");
  return ftp;
}

v1::Ftp MediaFixture::Block(const std::string& id, int64_t size, int64_t offset,
                            const std::string& data) {
  v1::Ftp ftp = Init(id, size);
  ftp.set_offset(offset);
  ftp.set_block(static_cast<int64_t>(data.size()));
  ftp.set_data(data);
  ftp.set_status("send");
  return ftp;
}

v1::FtpAck MediaFixture::Step(const v1::Ftp& ftp, int64_t account) {
  absl::StatusOr<v1::FtpAck> ack = transfers_->Handle(As(account), ftp);
  EXPECT_TRUE(ack.ok()) << ack.status();
  return ack.ok() ? *ack : v1::FtpAck();
}

void MediaFixture::Upload(const std::string& id, const std::string& data, int64_t account) {
  const auto size = static_cast<int64_t>(data.size());
  EXPECT_EQ(Step(Init(id, size), account).status(), "init");
  const v1::FtpAck last = Step(Block(id, size, 0, data), account);
  EXPECT_EQ(last.block(), 0);
  EXPECT_EQ(last.offset(), size);
}

int64_t MediaFixture::FilesLeft() const {
  int64_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    files += entry.is_regular_file();
  }
  return files;
}

}  // namespace chat::media
