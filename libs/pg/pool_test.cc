#include "libs/pg/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <future>
#include <thread>

#include "libs/base/status.h"
#include "libs/pg/test_database.h"

namespace chat::pg {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

constexpr Statement kOne{"test_one", "SELECT 1"};
constexpr Statement kSleep{"test_sleep", "SELECT pg_sleep($1)"};
constexpr Statement kMyPid{"test_pid", "SELECT pg_backend_pid()"};

class PoolTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    Sql("CREATE TABLE " + schema() +
        ".item (id bigint CONSTRAINT one_of_each PRIMARY KEY, note text, data bytea)");
    insert_ = "INSERT INTO " + schema() + ".item VALUES ($1, $2, $3)";
    update_ = "UPDATE " + schema() + ".item SET note = 'x' WHERE id = $1";
  }
  int64_t Count() { return Sql("SELECT count(*) FROM " + schema() + ".item")[0][0].as<int64_t>(); }
  absl::Status Insert(Pool& pool, int64_t id) {
    return pool.Run(In(5s), [&](Tx& tx) {
      tx.Exec(Statement{"test_insert", insert_.c_str()}, id, nullptr, nullptr);
      return absl::OkStatus();
    });
  }
  int BackendPid(Pool& pool) {
    return pool
        .Get<int>(In(5s),
                  [](Tx& tx) -> absl::StatusOr<int> { return tx.Exec(kMyPid)[0][0].as<int>(); })
        .value();
  }

  std::string insert_;
  std::string update_;
};

TEST_F(PoolTest, ParametersOfEveryKindArriveAndComeBack) {
  Pool pool(url(), 1);
  std::string bytes("a\0\xff'", 4);
  ASSERT_TRUE(pool.Run(In(5s),
                       [&](Tx& tx) {
                         Statement insert{"test_insert", insert_.c_str()};
                         tx.Exec(insert, 1, std::string("ґ'\"\\"), pqxx::binarystring(bytes));
                         tx.Exec(insert, int64_t{2}, std::optional<std::string>(),
                                 std::optional<pqxx::binarystring>());
                         tx.Exec(insert, std::optional<int64_t>(3), nullptr,
                                 std::make_optional<pqxx::binarystring>(bytes));
                         return absl::OkStatus();
                       })
                  .ok());
  pqxx::result rows = Sql("SELECT note, data FROM " + schema() + ".item ORDER BY id");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0][0].as<std::string>(), "ґ'\"\\");
  EXPECT_EQ(pqxx::binarystring(rows[0][1]).str(), bytes);
  EXPECT_EQ(rows[1][0].as<std::optional<std::string>>(), std::nullopt);
  EXPECT_TRUE(rows[1][1].is_null());
  EXPECT_EQ(pqxx::binarystring(rows[2][1]).str(), bytes);
}

TEST_F(PoolTest, AnErrorOfTheBodyRollsBackAndIsReturnedAsItIs) {
  Pool pool(url(), 1);
  absl::Status status = pool.Run(In(5s), [&](Tx& tx) {
    tx.Exec(Statement{"test_insert", insert_.c_str()}, 1, nullptr, nullptr);
    return absl::NotFoundError("mine");
  });
  EXPECT_EQ(status, absl::NotFoundError("mine"));
  EXPECT_EQ(Count(), 0);
}

TEST_F(PoolTest, AUniqueViolationNamesTheConstraint) {
  Pool pool(url(), 1);
  ASSERT_TRUE(Insert(pool, 1).ok());
  absl::Status status = Insert(pool, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Message(status), "one_of_each");
  EXPECT_TRUE(Insert(pool, 2).ok());
}

TEST_F(PoolTest, BadSqlAndForeignExceptionsAreInternalAndThePoolGoesOn) {
  Pool pool(url(), 1);
  auto bad = pool.Run(In(5s), [](Tx& tx) {
    tx.Exec(Statement{"test_bad", "SELECT nonsense FROM nowhere"});
    return absl::OkStatus();
  });
  EXPECT_EQ(bad.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Message(bad), HasSubstr("42P01"));
  EXPECT_EQ(pool.Run(In(5s), [](Tx&) -> absl::Status { throw std::runtime_error("x"); }),
            absl::InternalError("x"));
  EXPECT_EQ(pool.Run(In(5s), [](Tx&) -> absl::Status { throw 1; }).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(pool.Run(In(5s),
                     [](Tx& tx) {
                       tx.Exec(Statement{"test_cast", "SELECT 'x'"})[0][0].as<int>();
                       return absl::OkStatus();
                     })
                .code(),
            absl::StatusCode::kInternal);
  EXPECT_TRUE(Insert(pool, 1).ok());
}

TEST_F(PoolTest, ABodyThatSwallowsAFailureDoesNotCommitNothingInSilence) {
  Pool pool(url(), 1);
  ASSERT_TRUE(Insert(pool, 1).ok());
  absl::Status status = pool.Run(In(5s), [&](Tx& tx) {
    Statement insert{"test_insert", insert_.c_str()};
    tx.Exec(insert, 2, nullptr, nullptr);
    try {
      tx.Exec(insert, 1, nullptr, nullptr);
    } catch (const std::exception&) {
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Count(), 1);
}

TEST_F(PoolTest, TwoStatementsOfOneNameAreRefused) {
  Pool pool(url(), 1);
  EXPECT_EQ(pool.Run(In(5s),
                     [](Tx& tx) {
                       tx.Exec(kOne);
                       tx.Exec(Statement{"test_one", "SELECT 2"});
                       return absl::OkStatus();
                     })
                .code(),
            absl::StatusCode::kInternal);
}

TEST_F(PoolTest, AStatementByItselfCommitsAsItIsExecuted) {
  Pool pool(url(), 1);
  absl::Status status = pool.RunStatement(In(5s), [&](Tx& tx) -> absl::Status {
    tx.Exec(Statement{"test_insert", insert_.c_str()}, 1, nullptr, nullptr);
    EXPECT_EQ(Count(), 1);  // seen by another connection at once
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  status = pool.RunStatement(In(5s), [&](Tx& tx) -> absl::Status {
    tx.Exec(Statement{"test_insert", insert_.c_str()}, 1, nullptr, nullptr);
    return absl::OkStatus();
  });
  EXPECT_EQ(status, absl::AlreadyExistsError("one_of_each"));
  EXPECT_TRUE(Insert(pool, 2).ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(PoolTest, AStatementByItselfIsNotLostWithAConnectionThatDiedInThePool) {
  Pool pool(url(), 1);
  int pid = BackendPid(pool);
  Sql("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
  absl::Status status = pool.RunStatement(In(5s), [&](Tx& tx) -> absl::Status {
    tx.Exec(Statement{"test_insert", insert_.c_str()}, 1, nullptr, nullptr);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Count(), 1);
}

TEST_F(PoolTest, AReadingIsInNoTransaction) {
  Pool pool(url(), 1);
  const auto in_transaction = [](Tx& tx) -> absl::StatusOr<bool> {
    const Statement number{"test_number", "SELECT txid_current()"};
    const Statement has_number{"test_has_number", "SELECT txid_current_if_assigned() IS NOT NULL"};
    tx.Exec(number);
    return tx.Exec(has_number)[0][0].as<bool>();
  };
  EXPECT_TRUE(*pool.Get<bool>(In(5s), in_transaction));
  EXPECT_FALSE(*pool.Read<bool>(In(5s), in_transaction));
}

TEST_F(PoolTest, AReadingBeginsAnewWhenItsConnectionIsLost) {
  Pool pool(url(), 1);
  BackendPid(pool);
  int tries = 0;
  absl::StatusOr<int> read = pool.Read<int>(In(5s), [&](Tx& tx) -> absl::StatusOr<int> {
    const Statement own{"test_own_pid", "SELECT pg_backend_pid()"};
    const int pid = tx.Exec(own)[0][0].as<int>();
    if (++tries == 1) Sql("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
    return tx.Exec(own)[0][0].as<int>();
  });
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(tries, 2);
}

TEST_F(PoolTest, AStatementEndsAtTheDeadline) {
  Pool pool(url(), 1);
  auto begin = steady_clock::now();
  absl::Status status = pool.Run(In(200ms), [](Tx& tx) {
    tx.Exec(kSleep, 10);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(steady_clock::now() - begin, 1s);
  EXPECT_EQ(pool.Run(In(-1ms), [](Tx&) { return absl::OkStatus(); }).code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(PoolTest, AServerThatHangsIsCutOffASecondAfterTheDeadline) {
  // With no time-out of its own the server stands for one that does not answer.
  Pool pool(url(), 1);
  auto begin = steady_clock::now();
  absl::Status status = pool.Run(In(200ms), [](Tx& tx) {
    tx.Exec(Statement{"test_no_limit", "SELECT set_config('statement_timeout', '0', true)"});
    tx.Exec(kSleep, 20);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(steady_clock::now() - begin, 5s);
  EXPECT_TRUE(Insert(pool, 1).ok());
}

TEST_F(PoolTest, ALockThatIsNotGivenInTimeIsAborted) {
  Pool pool(url(), 2);
  ASSERT_TRUE(Insert(pool, 1).ok());
  std::promise<void> locked, finished;
  std::thread holder([&] {
    EXPECT_TRUE(pool.Run(In(10s),
                         [&](Tx& tx) {
                           tx.Exec(Statement{"test_update", update_.c_str()}, 1);
                           locked.set_value();
                           finished.get_future().wait();
                           return absl::OkStatus();
                         })
                    .ok());
  });
  locked.get_future().wait();
  absl::Status status = pool.Run(In(10s), [&](Tx& tx) {
    tx.Exec(Statement{"test_update", update_.c_str()}, 1);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  finished.set_value();
  holder.join();
}

TEST_F(PoolTest, ADeadlockIsRunAgainUntilBothAreDone) {
  Pool pool(url(), 2);
  ASSERT_TRUE(Insert(pool, 1).ok());
  ASSERT_TRUE(Insert(pool, 2).ok());
  std::barrier both(2);
  std::atomic<int> runs = 0;
  auto crossing = [&](int first, int second) {
    bool meet = true;
    return pool.Run(In(20s), [&, meet](Tx& tx) mutable {
      ++runs;
      tx.Exec(Statement{"test_update", update_.c_str()}, first);
      if (std::exchange(meet, false)) both.arrive_and_wait();
      tx.Exec(Statement{"test_update", update_.c_str()}, second);
      return absl::OkStatus();
    });
  };
  auto other = std::async(std::launch::async, [&] { return crossing(2, 1); });
  EXPECT_TRUE(crossing(1, 2).ok());
  EXPECT_TRUE(other.get().ok());
  EXPECT_GE(runs, 3);
}

TEST_F(PoolTest, WhoFindsNoConnectionFreeWaitsUntilHisDeadline) {
  Pool pool(url(), 1);
  std::promise<void> taken, finished;
  std::thread holder([&] {
    EXPECT_TRUE(pool.Run(In(10s),
                         [&](Tx&) {
                           taken.set_value();
                           finished.get_future().wait();
                           return absl::OkStatus();
                         })
                    .ok());
  });
  taken.get_future().wait();
  auto begin = steady_clock::now();
  EXPECT_EQ(pool.Run(In(200ms), [](Tx&) { return absl::OkStatus(); }).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_GE(steady_clock::now() - begin, 200ms);
  auto waiting = std::async(std::launch::async, [&] { return Insert(pool, 1); });
  finished.set_value();
  EXPECT_TRUE(waiting.get().ok());
  holder.join();
}

TEST_F(PoolTest, AConnectionThatDiedInThePoolCostsNobodyAnError) {
  Pool pool(url(), 1);
  int pid = BackendPid(pool);
  Sql("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
  EXPECT_TRUE(Insert(pool, 1).ok());
  EXPECT_NE(BackendPid(pool), pid);
}

TEST_F(PoolTest, AConnectionThatDiesInATransactionIsUnavailableAndReplaced) {
  Pool pool(url(), 1);
  absl::Status status = pool.Run(In(5s), [&](Tx& tx) {
    int pid = tx.Exec(kMyPid)[0][0].as<int>();
    Sql("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
    tx.Exec(kOne);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Insert(pool, 1).ok());
}

TEST_F(PoolTest, ACommitInDoubtIsUnavailable) {
  Pool pool(url(), 1);
  absl::Status status = pool.Run(In(5s), [&](Tx& tx) {
    int pid = tx.Exec(kMyPid)[0][0].as<int>();
    Sql("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(PoolTest, NobodyThereIsUnavailable) {
  EXPECT_EQ(Pool("postgresql://127.0.0.1:1/x", 1)
                .Run(In(5s), [](Tx&) { return absl::OkStatus(); })
                .code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Pool("nonsense", 1).Run(In(5s), [](Tx&) { return absl::OkStatus(); }).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PoolTest, AServerThatTakesConnectionsAndSaysNothingIsUnavailableInTime) {
  int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 8), 0);
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  Pool pool("postgresql://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x", 1);
  auto begin = steady_clock::now();
  EXPECT_EQ(pool.Run(In(10s), [](Tx&) { return absl::OkStatus(); }).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(steady_clock::now() - begin, 5s);
  ::close(silent);
}

TEST_F(PoolTest, AStatementPreparedBeforeAMigrationIsPreparedAnew) {
  Pool pool(url(), 1);
  ASSERT_TRUE(Insert(pool, 1).ok());
  std::string select = "SELECT * FROM " + schema() + ".item";
  auto columns = [&] {
    return pool.Get<int>(In(5s), [&](Tx& tx) -> absl::StatusOr<int> {
      return static_cast<int>(tx.Exec(Statement{"test_star", select.c_str()}).columns());
    });
  };
  EXPECT_EQ(columns().value(), 3);
  Sql("ALTER TABLE " + schema() + ".item ADD COLUMN more text");
  EXPECT_EQ(columns().value(), 4);
}

TEST_F(PoolTest, ManyThreadsShareFewConnections) {
  Pool pool(url(), 3);
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) failed += Insert(pool, t * 1000 + i).ok() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(Count(), 200);
}

}  // namespace
}  // namespace chat::pg
