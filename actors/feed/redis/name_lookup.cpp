#include "actors/feed/redis/name_lookup.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace synapse::actors {

namespace asio = boost::asio;

/// Shared with the thread that asks, which may outlive everything else.
struct name_lookup::question {
  std::mutex mutex;
  name_lookup* owner; ///< null: abandoned
  tcp_endpoints found;
  std::string problem;
};

tcp_endpoints system_lookup(const std::string& host, std::uint16_t port, std::string& problem) {
  asio::io_context own;
  asio::ip::tcp::resolver resolver{own};
  boost::system::error_code error;
  tcp_endpoints found;
  for (const auto& one : resolver.resolve(host, std::to_string(port), error))
    found.push_back(one.endpoint());
  if (error)
    problem = error.message();
  // A host with an IPv6 address that leads nowhere would take all the time there is.
  std::stable_partition(found.begin(), found.end(),
                        [](const auto& one) { return one.address().is_v4(); });
  return found;
}

name_lookup::name_lookup(asio::io_context& io, blocking_lookup lookup)
    : io_(io), lookup_(std::move(lookup)) {}

name_lookup::~name_lookup() {
  if (!question_)
    return;
  const std::lock_guard guard{question_->mutex};
  question_->owner = nullptr;
}

void name_lookup::start(const std::string& host, std::uint16_t port, handler done) {
  done_ = std::move(done);
  if (question_)
    return;
  question_ = std::make_shared<question>();
  question_->owner = this;
  const auto ask = [shared = question_, lookup = lookup_, host, port] {
    std::string problem;
    auto found = lookup(host, port, problem);
    const std::lock_guard guard{shared->mutex};
    shared->found = std::move(found);
    shared->problem = std::move(problem);
    // The owner is there as long as the lock is held, and with it its io_context.
    if (shared->owner)
      asio::post(shared->owner->io_, [shared] { answer(shared); });
  };
  try {
    std::thread{ask}.detach();
  } catch (const std::system_error& error) {
    question_->problem = error.what();
    asio::post(io_, [shared = question_] { answer(shared); });
  }
}

void name_lookup::answer(const std::shared_ptr<question>& shared) {
  auto* owner = shared->owner; // changed by no other thread than this one, while that runs
  if (!owner)
    return;
  owner->question_.reset();
  if (const auto tell = std::exchange(owner->done_, nullptr))
    tell(shared->found, shared->problem);
}

void name_lookup::forget() {
  done_ = nullptr;
}

} // namespace synapse::actors
