package finding

import "slices"

// Sort sorts findings into the vocabulary's order, those of one code as they were.
func Sort(fs []Finding) {
	if len(fs) < 2 {
		return
	}
	rank := make(map[Code]int, len(vocabulary))
	for i := range vocabulary {
		rank[vocabulary[i].Code] = i
	}
	slices.SortStableFunc(fs, func(a, b Finding) int { return rank[a.Code] - rank[b.Code] })
}

// Visible reports whether no other code of all hides c. What is hidden itself hides nothing.
func Visible(c Code, all []Code) bool { return VisibleBy(Hides, c, all) }

// VisibleBy is Visible where hides says which code hides which.
func VisibleBy(hides func(a, b Code) bool, c Code, all []Code) bool {
	return !slices.ContainsFunc(all, func(by Code) bool { return hides(by, c) && VisibleBy(hides, by, all) })
}
