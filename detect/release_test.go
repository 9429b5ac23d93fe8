package detect

import (
	"regexp"
	"testing"
)

// TestBenignTokensAreReleased cuts ordinary prose as a language model does, a word with the space before it at a time,
// and counts the tokens after which nothing is held.
func TestBenignTokensAreReleased(t *testing.T) {
	const want = 0.95
	e := mustNew(t, Options{Rules: gatewayRules(), EarlyRelease: true})
	tokens, free := 0, 0
	held := map[string]int{}
	for _, text := range benignProse {
		s := e.NewStream()
		end := 0
		for _, token := range modelPieces.FindAllString(text, -1) {
			end += len(token)
			matches, safe := s.Feed([]byte(token))
			if len(matches) > 0 {
				t.Errorf("found something in %q at %v", text, matches)
			}
			tokens++
			if safe == end {
				free++
			} else {
				held[string(s.Bytes(safe, end))]++
			}
		}
	}
	share := float64(free) / float64(tokens)
	t.Logf("%d of %d tokens leave nothing held: %.1f %%; held: %v", free, tokens, 100*share, held)
	if share < want {
		t.Errorf("%.1f %% of the tokens leave nothing held, want %.0f %%", 100*share, 100*want)
	}
}

// gatewayRules are the rules that the policy of the gateway asks for.
func gatewayRules() []string {
	return []string{"pii/email", "pii/phone", "pii/payment-card", "pii/iban", "pii/us-ssn", "pii/ip-address", "secret/*"}
}

// modelPieces splits text about where byte-pair encodings do: words with the space before them, contractions, up to
// three digits, punctuation.
var modelPieces = regexp.MustCompile(`'(?:s|t|re|ve|m|ll|d)\b| ?\pL{1,9}|\pL+| ?\d{1,3}| ?[^\s\pL\d]+|\s+`)

var benignProse = []string{
	`Thanks for writing in. I'm sorry that your parcel hasn't arrived yet, and I understand how annoying that must be. I have looked at the shipment, and it left our warehouse on Tuesday morning. The carrier says that it was delayed by the storm, so it should reach you by the end of the week. If it doesn't, please tell us and we'll send another one right away, at no cost to you.`,
	`To change the battery, first switch the device off and wait for about ten seconds. Turn it over, slide the cover to the left, and lift it out. Take care not to touch the metal contacts. Put the new battery in with the label facing up, close the cover, and hold the power button until the light turns green. A short tone tells you that everything works.`,
	`A binary search works on a sorted list. It compares the middle element with the value that you are looking for; when they are equal, you are done. Otherwise it throws away the half that cannot hold the value and repeats with the rest. Each step halves the work, so even a million entries need only 20 comparisons. This is why sorting once is worth it when you search often.`,
	`The city grew around a bridge that the Romans built over the river nearly 2000 years ago. In the Middle Ages it became rich from trade in wool and salt, and many of the tall houses near the market date from that time. Visitors today come for the museums, the gardens on the hill and the food. Spring and autumn are the best seasons, because the summers can be very hot and crowded.`,
	`Yes, you can cancel at any time before the renewal date. Open the settings, choose your plan and press the button at the bottom of the page. You will keep access until the period that you have paid for is over. We do not charge a fee. Would you like me to explain how refunds work as well?`,
	`The short answer is that both ways work, but they differ in how errors travel. With return values the caller sees every error where it happens and has to decide what to do with it. With exceptions the happy path stays short, yet it is harder to tell which line may fail. Most teams that I know pick one style and keep to it, since mixing the two is what makes code hard to read.

Here is how I would go about it in your case. Start with the function that reads the file and let it return an error when the file is missing. Then look at each caller and ask whether it can do something useful, such as trying again or using a default. If it can't, wrap the error with a few words about what was being done and pass it on. At the top, print the message once and stop the program with a code other than zero.

You may find that some of the checks become simpler on the way. That is a good sign. When you have moved everything over, delete the old helper so that nobody uses it by accident, and add one test for the case that went wrong last month.`,
	`Walking every day is one of the easiest ways to stay healthy. You don't need special clothes or a club, only a pair of good shoes and half an hour. People who walk regularly sleep better, feel less stressed and keep their weight more easily. It also helps the heart, the joints and the mood.

If you are just beginning, start slowly. Walk for ten minutes on flat ground and add a few minutes each week until you reach half an hour. Try to keep a pace at which you can still talk but would rather not sing. On rainy days you can use the stairs at work or walk around a shopping centre instead.

Many find it easier to go with a friend, because a fixed time that someone else counts on is harder to skip. Others like to listen to music or to a story while they walk. Whatever you choose, it should be something that you enjoy, since that is what makes a habit last.`,
	`Bread needs only flour, water, salt and time. Mix everything, let the dough rest for an hour, then fold it a few times. Leave it in a cool place over night. In the morning, shape a round loaf, heat the oven as far as it goes and bake it for 40 minutes. The crust should sound hollow when you knock on it.`,
}
