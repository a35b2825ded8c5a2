/// @file
/// Threads for calls that block, files above all: an I/O thread never waits for a disk.
#pragma once

#include "http/net/io_thread.hpp"

#include <boost/asio/thread_pool.hpp>

namespace synapse::net {

class blocking_pool {
public:
  explicit blocking_pool(unsigned threads) : threads_(threads) {}
  /// Finishes what was begun.
  ~blocking_pool() { threads_.join(); }

  /// Runs `work` on a thread of the pool and then `done` on `io`, whose loop does not end before.
  /// Any thread. What they hold is destroyed on `io`'s thread.
  template <class Work, class Done>
  void run(io_thread& io, Work work, Done done) {
    asio::post(threads_, [guard = asio::make_work_guard(io.context()), work = std::move(work),
                          done = std::move(done), &io]() mutable {
      work();
      asio::post(io.context(), [guard = std::move(guard), work = std::move(work),
                                done = std::move(done)]() mutable { done(); });
    });
  }

private:
  asio::thread_pool threads_;
};

} // namespace synapse::net
