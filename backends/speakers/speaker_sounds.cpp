#include "backends/speakers/speaker_sounds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace synapse::backends {

namespace {

constexpr int rounds = 3;
constexpr float change = 40;           // what a change of the speaker costs, in nats
constexpr float pause_discount = 0.5F; // of that, at a long_pause
constexpr std::size_t long_pause = 10; // frames

// The sounds of one speaker: a normal distribution of each coefficient, and of the pitch.
class sounds {
public:
  void add(const mfcc_frame& shape, float pitch) {
    ++count_;
    for (std::size_t k = 0; k < mfcc_size; ++k)
      values_[k].add(shape[k]);
    if (pitch > 0)
      pitch_.add(std::log(pitch));
  }

  void finish() {
    for (auto& each : values_)
      each.finish(0.05F);
    pitch_.finish(0.005F);
  }

  bool empty() const { return count_ == 0; }

  float log_likelihood(const mfcc_frame& shape, float pitch) const {
    float sum = 0;
    for (std::size_t k = 0; k < mfcc_size; ++k)
      sum += values_[k].log_density(shape[k]);
    if (pitch > 0)
      sum += pitch_.log_density(std::log(pitch));
    return sum;
  }

private:
  struct normal {
    double sum = 0;
    double squares = 0;
    double count = 0;
    float mean = 0;
    float variance = 1;

    void add(float value) {
      sum += value;
      squares += static_cast<double>(value) * value;
      ++count;
    }
    void finish(float smallest) {
      mean = count > 0 ? static_cast<float>(sum / count) : 0;
      variance = count > 1 ? static_cast<float>(squares / count - sum / count * sum / count) : 1;
      variance = std::max(variance, smallest);
    }
    float log_density(float value) const {
      auto off = value - mean;
      return -0.5F * (std::log(variance) + off * off / variance);
    }
  };

  std::size_t count_ = 0;
  std::array<normal, mfcc_size> values_{};
  normal pitch_;
};

std::vector<sounds> learn(const voice_frames& frames, const std::vector<std::size_t>& speech,
                          const std::vector<std::size_t>& groups) {
  std::vector<sounds> out(*std::max_element(groups.begin(), groups.end()) + 1);
  for (std::size_t i = 0; i < speech.size(); ++i)
    out[groups[i]].add(frames.shape[speech[i]], frames.pitch[speech[i]]);
  for (auto& each : out)
    each.finish();
  return out;
}

// The most likely sequence of speakers (Viterbi's algorithm).
std::vector<std::size_t> decode(const voice_frames& frames, const std::vector<std::size_t>& speech,
                                const std::vector<sounds>& speakers) {
  const auto count = speakers.size();
  std::vector<float> score(count, 0);
  std::vector<std::uint32_t> from(speech.size() * count);
  for (std::size_t i = 0; i < speech.size(); ++i) {
    auto best =
        static_cast<std::size_t>(std::max_element(score.begin(), score.end()) - score.begin());
    bool after_pause = i > 0 && speech[i] - speech[i - 1] > long_pause;
    auto changed = score[best] - (after_pause ? change * pause_discount : change);
    for (std::size_t k = 0; k < count; ++k) {
      bool stays = score[k] >= changed;
      from[i * count + k] = static_cast<std::uint32_t>(stays ? k : best);
      score[k] = (stays ? score[k] : changed) +
                 (speakers[k].empty() ? -1e6F
                                      : speakers[k].log_likelihood(frames.shape[speech[i]],
                                                                   frames.pitch[speech[i]]));
    }
    // Only differences count: large sums would lose them.
    auto top = *std::max_element(score.begin(), score.end());
    for (auto& each : score)
      each -= top;
  }
  std::vector<std::size_t> out(speech.size());
  auto at = static_cast<std::size_t>(std::max_element(score.begin(), score.end()) - score.begin());
  for (auto i = speech.size(); i-- > 0;) {
    out[i] = at;
    at = from[i * count + at];
  }
  return out;
}

} // namespace

std::vector<std::size_t> resemble(const voice_frames& frames,
                                  const std::vector<std::size_t>& speech,
                                  std::vector<std::size_t> groups) {
  for (int round = 0; round < rounds && !groups.empty(); ++round)
    groups = decode(frames, speech, learn(frames, speech, groups));
  return groups;
}

} // namespace synapse::backends
