(* The least cost of a shallow ReLU network that is to have given values on segments of a line:
   from the definitions (1) to a theorem (6) that reduces it to a computation in rationals.  After it
   comes one problem, and what it is to be computed with.  `coqc FILE.v` accepts the file if all of
   it is proven. *)

Require Import Reals Lra List QArith Qreals Qminmax Bool.
Import ListNotations.
Open Scope R_scope.

(* 1. What is minimized. *)

Record neuron := { inner : R; bias : R; outer : R }.
Record network := { neurons : list neuron; skip : R; offset : R }.
Record site := { center : R; radius : R; target : R }.

Definition relu (z : R) : R := Rmax 0 z.
Definition sum {A : Type} (f : A -> R) (l : list A) : R :=
  fold_right (fun a rest => f a + rest) 0 l.

Definition value (f : network) (x : R) : R :=
  offset f + skip f * x
  + sum (fun k => outer k * relu (inner k * x + bias k)) (neurons f).
Definition cost (f : network) : R := sum (fun k => Rabs (outer k) * Rabs (inner k)) (neurons f).
Definition interpolates (f : network) (sites : list site) : Prop :=
  forall s, In s sites -> forall x,
  center s - radius s <= x <= center s + radius s -> value f x = target s.
Definition minimum (sites : list site) (m : R) : Prop :=
  (forall f, interpolates f sites -> m <= cost f)
  /\ exists f, interpolates f sites /\ cost f = m.

(* 2. Sums. *)

Lemma sum_ext {A} (f g : A -> R) l :
  (forall a, In a l -> f a = g a) -> sum f l = sum g l.
Proof.
  induction l as [|a l IH]; simpl; intros H; [reflexivity|].
  rewrite (H a) by (left; reflexivity). rewrite IH; [reflexivity|].
  intros b Hb. apply H. right. exact Hb.
Qed.

Lemma sum_plus {A} (f g : A -> R) l : sum (fun a => f a + g a) l = sum f l + sum g l.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; lra. Qed.

Lemma sum_scale {A} (c : R) (f : A -> R) l : sum (fun a => c * f a) l = c * sum f l.
Proof. induction l as [|a l IH]; simpl; [|rewrite IH]; lra. Qed.

Lemma sum_le {A} (f g : A -> R) l :
  (forall a, In a l -> f a <= g a) -> sum f l <= sum g l.
Proof.
  induction l as [|a l IH]; simpl; intros H; [lra|].
  assert (f a <= g a) by (apply H; left; reflexivity).
  assert (sum f l <= sum g l) by (apply IH; intros b Hb; apply H; right; exact Hb). lra.
Qed.

Lemma sum_swap {A B} (f : A -> B -> R) l m :
  sum (fun a => sum (f a) m) l = sum (fun b => sum (fun a => f a b) l) m.
Proof.
  induction l as [|a l IH]; simpl.
  - induction m as [|b m IHm]; simpl; [reflexivity | rewrite <- IHm; lra].
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

(* 3. A ReLU is affine on a segment whose interior it does not bend. *)

Lemma relu_on z : 0 <= z -> relu z = z.
Proof. intros; unfold relu; apply Rmax_right; assumption. Qed.

Lemma relu_off z : z <= 0 -> relu z = 0.
Proof. intros; unfold relu; apply Rmax_left; assumption. Qed.

Lemma relu_affine a b s : 0 <= s <= 1 -> (0 <= a /\ 0 <= b) \/ (a <= 0 /\ b <= 0) ->
  relu ((1 - s) * a + s * b) = (1 - s) * relu a + s * relu b.
Proof.
  intros Hs [[Ha Hb]|[Ha Hb]].
  - rewrite (relu_on a), (relu_on b), relu_on by (assumption || nra). reflexivity.
  - rewrite (relu_off a), (relu_off b), relu_off by (assumption || nra). lra.
Qed.

Lemma relu_scale c z : 0 <= c -> relu (c * z) = c * relu z.
Proof.
  intros Hc. destruct (Rle_dec 0 z).
  - rewrite (relu_on z), relu_on by (assumption || nra). reflexivity.
  - rewrite (relu_off z), relu_off by nra. lra.
Qed.

Lemma relu_flip z : relu (- z) = relu z - z.
Proof.
  destruct (Rle_dec 0 z).
  - rewrite (relu_on z), relu_off by lra. lra.
  - rewrite (relu_off z), relu_on by lra. lra.
Qed.

(* 4. The dual: points with multipliers, and its constraint at every hinge. *)

Record point := { place : R; multiplier : R; value_at : R }.

Definition pairing (l : list point) (t : R) : R :=
  sum (fun p => multiplier p * relu (place p - t)) l.
Definition balanced (l : list point) : Prop :=
  sum multiplier l = 0 /\ sum (fun p => multiplier p * place p) l = 0.

Lemma balanced_affine l u v : balanced l -> sum (fun p => multiplier p * (u + v * place p)) l = 0.
Proof.
  intros [H0 H1].
  rewrite (sum_ext _ (fun p => u * multiplier p + v * (multiplier p * place p)))
    by (intros; ring).
  rewrite sum_plus, !sum_scale, H0, H1. ring.
Qed.

(* The nearest places on either side of t. *)
Lemma nearest_below (l : list point) t :
  (forall p, In p l -> t < place p)
  \/ exists q, In q l /\ place q <= t /\ forall p, In p l -> place p <= place q \/ t < place p.
Proof.
  induction l as [|a l [IH|[q [Hq [Hqt IH]]]]].
  - left. intros p [].
  - destruct (Rle_dec (place a) t).
    + right. exists a. repeat split; [left; reflexivity | assumption |].
      intros p [<-|Hp]; [left; lra | right; apply IH; exact Hp].
    + left. intros p [<-|Hp]; [lra | apply IH; exact Hp].
  - right. destruct (Rle_dec (place a) t) as [Ha|Ha].
    + destruct (Rle_dec (place q) (place a)) as [Hqa|Hqa].
      * exists a. repeat split; [left; reflexivity | assumption |].
        intros p [<-|Hp]; [left; lra|]. destruct (IH p Hp); [left; lra | right; lra].
      * exists q. repeat split; [right; exact Hq | assumption |].
        intros p [<-|Hp]; [left; lra | apply IH; exact Hp].
    + exists q. repeat split; [right; exact Hq | assumption |].
      intros p [<-|Hp]; [right; lra | apply IH; exact Hp].
Qed.

Lemma nearest_above (l : list point) t :
  (forall p, In p l -> place p < t)
  \/ exists q, In q l /\ t <= place q /\ forall p, In p l -> place q <= place p \/ place p < t.
Proof.
  induction l as [|a l [IH|[q [Hq [Hqt IH]]]]].
  - left. intros p [].
  - destruct (Rle_dec t (place a)).
    + right. exists a. repeat split; [left; reflexivity | assumption |].
      intros p [<-|Hp]; [left; lra | right; apply IH; exact Hp].
    + left. intros p [<-|Hp]; [lra | apply IH; exact Hp].
  - right. destruct (Rle_dec t (place a)) as [Ha|Ha].
    + destruct (Rle_dec (place a) (place q)) as [Hqa|Hqa].
      * exists a. repeat split; [left; reflexivity | assumption |].
        intros p [<-|Hp]; [left; lra|]. destruct (IH p Hp); [left; lra | right; lra].
      * exists q. repeat split; [right; exact Hq | assumption |].
        intros p [<-|Hp]; [left; lra | apply IH; exact Hp].
    + exists q. repeat split; [right; exact Hq | assumption |].
      intros p [<-|Hp]; [right; lra | apply IH; exact Hp].
Qed.

(* The pairing is affine between neighboring places, and zero beyond all: it is at most one if it
   is at the places. *)
Lemma pairing_bounded l : balanced l ->
  (forall p, In p l -> -1 <= pairing l (place p) <= 1) -> forall t, -1 <= pairing l t <= 1.
Proof.
  intros Hl H t. destruct (nearest_below l t) as [Hb|[p [Hp [Hpt Hb]]]].
  - replace (pairing l t) with 0; [lra|]. symmetry.
    rewrite <- (balanced_affine l (- t) 1 Hl). apply sum_ext. intros p Hp.
    specialize (Hb p Hp). rewrite relu_on by lra. ring.
  - destruct (nearest_above l t) as [Ha|[q [Hq [Htq Ha]]]].
    + replace (pairing l t) with 0; [lra|]. symmetry. unfold pairing.
      rewrite (sum_ext _ (fun p => 0 * multiplier p)).
      * rewrite sum_scale. ring.
      * intros r Hr. specialize (Ha r Hr). rewrite relu_off by lra. ring.
    + destruct (Req_dec (place p) (place q)) as [E|E].
      * replace t with (place p) by lra. apply H. exact Hp.
      * pose (s := (t - place p) / (place q - place p)).
        assert (Hd : 0 < place q - place p) by lra.
        assert (Hst : s * (place q - place p) = t - place p) by (unfold s; field; lra).
        assert (Hs : 0 <= s <= 1) by (split; nra).
        assert (Hsum : pairing l t = (1 - s) * pairing l (place p) + s * pairing l (place q)).
        { unfold pairing. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros r Hr.
          replace (place r - t) with ((1 - s) * (place r - place p) + s * (place r - place q))
            by (rewrite <- (Rplus_0_r t); nra).
          rewrite relu_affine; [ring | exact Hs |].
          destruct (Hb r Hr), (Ha r Hr); try (left; lra); try (right; lra). }
        pose proof (H p Hp). pose proof (H q Hq). rewrite Hsum. split; nra.
Qed.

Lemma pairing_of_neuron l : balanced l -> (forall t, -1 <= pairing l t <= 1) -> forall w b,
  Rabs (sum (fun p => multiplier p * relu (w * place p + b)) l) <= Rabs w.
Proof.
  intros Hl H w b. destruct (Rtotal_order w 0) as [Hw|[Hw|Hw]].
  - replace (sum _ l) with (- w * pairing l (- b / w)).
    + rewrite Rabs_mult, Rabs_Ropp. specialize (H (- b / w)).
      assert (Rabs (pairing l (- b / w)) <= 1) by (apply Rabs_le; lra).
      pose proof (Rabs_pos w). nra.
    + unfold pairing. rewrite <- sum_scale.
      rewrite <- (Rplus_0_r (sum _ l)), <- (balanced_affine l b w Hl), <- sum_plus.
      apply sum_ext. intros p _.
      replace (w * place p + b) with (- (- w * (place p - - b / w))) by (field; lra).
      rewrite relu_flip, relu_scale by lra. field. lra.
  - subst w. rewrite (sum_ext _ (fun p => multiplier p * (relu b + 0 * place p))).
    + rewrite balanced_affine by assumption. rewrite Rabs_R0. lra.
    + intros p _. rewrite Rmult_0_l, Rplus_0_l. ring.
  - replace (sum _ l) with (w * pairing l (- b / w)).
    + rewrite Rabs_mult. specialize (H (- b / w)).
      assert (Rabs (pairing l (- b / w)) <= 1) by (apply Rabs_le; lra).
      pose proof (Rabs_pos w). nra.
    + unfold pairing. rewrite <- sum_scale. apply sum_ext. intros p _.
      replace (w * place p + b) with (w * (place p - - b / w)) by (field; lra).
      rewrite relu_scale by lra. ring.
Qed.

Theorem weak_duality l f : balanced l ->
  (forall p, In p l -> -1 <= pairing l (place p) <= 1) ->
  (forall p, In p l -> value f (place p) = value_at p) ->
  sum (fun p => multiplier p * value_at p) l <= cost f.
Proof.
  intros Hl H Hf.
  rewrite (sum_ext _ (fun p => multiplier p * (offset f + skip f * place p)
    + sum (fun k => multiplier p * (outer k * relu (inner k * place p + bias k))) (neurons f))).
  - rewrite sum_plus, balanced_affine, Rplus_0_l, sum_swap by assumption.
    apply sum_le. intros k _.
    rewrite (sum_ext _ (fun p => outer k * (multiplier p * relu (inner k * place p + bias k))))
      by (intros; ring).
    rewrite sum_scale.
    pose proof (pairing_of_neuron l Hl (pairing_bounded l Hl H) (inner k) (bias k)) as Hk.
    eapply Rle_trans; [apply Rle_abs|]. rewrite Rabs_mult.
    apply Rmult_le_compat_l; [apply Rabs_pos | exact Hk].
  - intros p Hp. rewrite <- Hf by exact Hp. unfold value. rewrite sum_scale. ring.
Qed.

(* 5. A network whose neurons do not bend inside a segment is affine there. *)

Definition outside (low high : R) (k : neuron) : Prop :=
  (0 <= inner k * low + bias k /\ 0 <= inner k * high + bias k)
  \/ (inner k * low + bias k <= 0 /\ inner k * high + bias k <= 0).

Lemma constant_between f low high y : (forall k, In k (neurons f) -> outside low high k) ->
  value f low = y -> value f high = y -> forall x, low <= x <= high -> value f x = y.
Proof.
  intros Hk Hlow Hhigh x Hx. destruct (Req_dec low high) as [E|E].
  - replace x with low by lra. exact Hlow.
  - pose (s := (x - low) / (high - low)).
    assert (Hd : 0 < high - low) by lra.
    assert (Hst : s * (high - low) = x - low) by (unfold s; field; lra).
    assert (Hs : 0 <= s <= 1) by (split; nra).
    clearbody s. assert (Hxs : x = (1 - s) * low + s * high) by lra. subst x.
    assert (value f ((1 - s) * low + s * high) = (1 - s) * value f low + s * value f high); [|nra].
    unfold value.
    rewrite (sum_ext _ (fun k => (1 - s) * (outer k * relu (inner k * low + bias k))
      + s * (outer k * relu (inner k * high + bias k)))).
    + rewrite sum_plus, !sum_scale. ring.
    + intros k Hin. specialize (Hk k Hin).
      replace (inner k * ((1 - s) * low + s * high) + bias k)
        with ((1 - s) * (inner k * low + bias k) + s * (inner k * high + bias k)) by ring.
      rewrite relu_affine by assumption. ring.
Qed.

(* 6. The same in rational numbers, with which Coq computes. *)

Record rational_neuron := { q_inner : Q; q_bias : Q; q_outer : Q }.
Record rational_network := { q_neurons : list rational_neuron; q_skip : Q; q_offset : Q }.
Record rational_site := { q_center : Q; q_radius : Q; q_target : Q }.
Record rational_point := { q_place : Q; q_multiplier : Q; q_value_at : Q }.

Definition real_neuron (k : rational_neuron) : neuron :=
  {| inner := Q2R (q_inner k); bias := Q2R (q_bias k); outer := Q2R (q_outer k) |}.
Definition real_network (f : rational_network) : network :=
  {| neurons := map real_neuron (q_neurons f); skip := Q2R (q_skip f);
     offset := Q2R (q_offset f) |}.
Definition real_site (s : rational_site) : site :=
  {| center := Q2R (q_center s); radius := Q2R (q_radius s); target := Q2R (q_target s) |}.
Definition real_point (p : rational_point) : point :=
  {| place := Q2R (q_place p); multiplier := Q2R (q_multiplier p);
     value_at := Q2R (q_value_at p) |}.

Arguments Qred : simpl never.
Definition q_relu (z : Q) : Q := if Qle_bool 0 z then z else 0%Q.
Definition q_sum {A : Type} (f : A -> Q) (l : list A) : Q :=
  fold_right (fun a rest => Qred (f a + rest)) 0%Q l.
Definition q_value (f : rational_network) (x : Q) : Q :=
  (q_offset f + q_skip f * x
   + q_sum (fun k => q_outer k * q_relu (q_inner k * x + q_bias k)) (q_neurons f))%Q.
Definition q_abs (z : Q) : Q := if Qle_bool 0 z then z else (- z)%Q.
Definition q_pairing (l : list rational_point) (t : Q) : Q :=
  q_sum (fun p => q_multiplier p * q_relu (q_place p - t))%Q l.

Lemma real_relu z : Q2R (q_relu z) = relu (Q2R z).
Proof.
  unfold q_relu. destruct (Qle_bool 0 z) eqn:E.
  - apply Qle_bool_iff, Qle_Rle in E. rewrite RMicromega.Q2R_0 in E.
    rewrite relu_on; [reflexivity | exact E].
  - rewrite RMicromega.Q2R_0, relu_off; [reflexivity|].
    destruct (Qlt_le_dec 0 z) as [L|L].
    + apply Qlt_le_weak, Qle_bool_iff in L. congruence.
    + apply Qle_Rle in L. rewrite RMicromega.Q2R_0 in L. exact L.
Qed.

Lemma real_abs z : Q2R (q_abs z) = Rabs (Q2R z).
Proof.
  unfold q_abs. destruct (Qle_bool 0 z) eqn:E.
  - apply Qle_bool_iff, Qle_Rle in E. rewrite RMicromega.Q2R_0 in E.
    rewrite Rabs_right; [reflexivity | lra].
  - rewrite Q2R_opp. destruct (Qlt_le_dec 0 z) as [L|L].
    + apply Qlt_le_weak, Qle_bool_iff in L. congruence.
    + apply Qle_Rle in L. rewrite RMicromega.Q2R_0 in L. rewrite Rabs_left1; [reflexivity | lra].
Qed.

Lemma real_sum {A B} (f : A -> Q) (g : B -> R) (h : A -> B) l :
  (forall a, Q2R (f a) = g (h a)) -> Q2R (q_sum f l) = sum g (map h l).
Proof.
  intros H. induction l as [|a l IH]; simpl; [apply RMicromega.Q2R_0|].
  rewrite (Qeq_eqR _ _ (Qred_correct _)), Q2R_plus, IH, H. reflexivity.
Qed.

Lemma real_value f x : Q2R (q_value f x) = value (real_network f) (Q2R x).
Proof.
  unfold q_value, value. rewrite !Q2R_plus, Q2R_mult. f_equal.
  apply real_sum. intros k. rewrite Q2R_mult, real_relu, Q2R_plus, Q2R_mult. reflexivity.
Qed.

Lemma real_pairing l t : Q2R (q_pairing l t) = pairing (map real_point l) (Q2R t).
Proof.
  unfold q_pairing, pairing. apply real_sum. intros p.
  rewrite Q2R_mult, real_relu, Q2R_minus. reflexivity.
Qed.

Definition low (s : rational_site) : Q := (q_center s - q_radius s)%Q.
Definition high (s : rational_site) : Q := (q_center s + q_radius s)%Q.

(* What is checked: the multipliers... *)
Definition in_balance (l : list rational_point) : bool :=
  Qeq_bool (q_sum q_multiplier l) 0
  && Qeq_bool (q_sum (fun p => q_multiplier p * q_place p)%Q l) 0.
Definition at_most_one (l : list rational_point) : bool :=
  forallb (fun p => Qle_bool (q_abs (q_pairing l (q_place p))) 1) l.
Definition of_a_site (sites : list rational_site) (p : rational_point) : bool :=
  existsb (fun s => Qle_bool (low s) (q_place p) && Qle_bool (q_place p) (high s)
    && Qeq_bool (q_target s) (q_value_at p)) sites.
(* ... and the network. *)
Definition same_side (s : rational_site) (k : rational_neuron) : bool :=
  let a := (q_inner k * low s + q_bias k)%Q in
  let b := (q_inner k * high s + q_bias k)%Q in
  Qle_bool 0 a && Qle_bool 0 b || Qle_bool a 0 && Qle_bool b 0.
Definition met (f : rational_network) (s : rational_site) : bool :=
  forallb (same_side s) (q_neurons f)
  && Qeq_bool (q_value f (low s)) (q_target s) && Qeq_bool (q_value f (high s)) (q_target s).

Definition check (sites : list rational_site) (l : list rational_point) (f : rational_network)
    (m : Q) : bool :=
  in_balance l && at_most_one l && forallb (of_a_site sites) l
  && Qeq_bool (q_sum (fun p => q_multiplier p * q_value_at p)%Q l) m
  && forallb (met f) sites
  && Qeq_bool (q_sum (fun k => q_abs (q_outer k) * q_abs (q_inner k))%Q (q_neurons f)) m.

Lemma real_eq a b : Qeq_bool a b = true -> Q2R a = Q2R b.
Proof. intros H. apply Qeq_eqR, Qeq_bool_iff, H. Qed.

Lemma real_le a b : Qle_bool a b = true -> Q2R a <= Q2R b.
Proof. intros H. apply Qle_Rle, Qle_bool_iff, H. Qed.

Lemma real_balance l : in_balance l = true -> balanced (map real_point l).
Proof.
  unfold in_balance. rewrite andb_true_iff. intros [H0 H1].
  apply real_eq in H0, H1. rewrite RMicromega.Q2R_0 in H0, H1. split.
  - rewrite <- H0. symmetry. apply real_sum. reflexivity.
  - rewrite <- H1. symmetry. apply real_sum. intros p. apply Q2R_mult.
Qed.

Lemma real_at_most_one l : at_most_one l = true -> forall p, In p (map real_point l) ->
  -1 <= pairing (map real_point l) (place p) <= 1.
Proof.
  unfold at_most_one. rewrite forallb_forall. intros H p Hp.
  apply in_map_iff in Hp. destruct Hp as [q [<- Hq]]. specialize (H q Hq).
  apply real_le in H. rewrite real_abs, real_pairing, RMicromega.Q2R_1 in H.
  pose proof (Rle_abs (pairing (map real_point l) (Q2R (q_place q)))).
  pose proof (Rle_abs (- pairing (map real_point l) (Q2R (q_place q)))) as Hn.
  rewrite Rabs_Ropp in Hn. simpl. lra.
Qed.

Lemma real_outside s k : same_side s k = true ->
  outside (Q2R (low s)) (Q2R (high s)) (real_neuron k).
Proof.
  unfold same_side, outside. rewrite orb_true_iff, !andb_true_iff.
  intros [[A B]|[A B]]; [left|right]; apply real_le in A, B;
    rewrite ?Q2R_plus, ?Q2R_mult, ?RMicromega.Q2R_0 in A, B; simpl; split; assumption.
Qed.

Theorem checked sites l f m : check sites l f m = true -> minimum (map real_site sites) (Q2R m).
Proof.
  unfold check. rewrite !andb_true_iff. intros [[[[[Hl Hp] Hs] Hm] Hf] Hc].
  rewrite forallb_forall in Hs, Hf. split.
  - intros g Hg. apply real_eq in Hm. rewrite <- Hm.
    rewrite (real_sum _ (fun p => multiplier p * value_at p) real_point)
      by (intros p; apply Q2R_mult).
    apply weak_duality; [apply real_balance, Hl | apply real_at_most_one, Hp |].
    intros p Hin. apply in_map_iff in Hin. destruct Hin as [q [<- Hq]].
    specialize (Hs q Hq). unfold of_a_site in Hs. rewrite existsb_exists in Hs.
    destruct Hs as [s [Hin Hs]]. rewrite !andb_true_iff in Hs. destruct Hs as [[Ha Hb] Ht].
    apply real_le in Ha, Hb. apply real_eq in Ht. simpl. rewrite <- Ht.
    unfold low, high in Ha, Hb. rewrite Q2R_minus in Ha. rewrite Q2R_plus in Hb.
    apply (Hg (real_site s)); [apply in_map, Hin | simpl; lra].
  - exists (real_network f). split.
    + intros s Hin x Hx. apply in_map_iff in Hin. destruct Hin as [q [<- Hq]].
      specialize (Hf q Hq). unfold met in Hf. rewrite !andb_true_iff, forallb_forall in Hf.
      destruct Hf as [[Hk Ha] Hb]. apply real_eq in Ha, Hb. rewrite real_value in Ha, Hb.
      apply (constant_between _ (Q2R (low q)) (Q2R (high q))); try assumption.
      * intros k Hin. simpl in Hin. apply in_map_iff in Hin. destruct Hin as [j [<- Hj]].
        apply real_outside, Hk, Hj.
      * unfold low, high. rewrite Q2R_minus, Q2R_plus. exact Hx.
    + apply real_eq in Hc. rewrite <- Hc. symmetry. apply real_sum.
      intros k. rewrite Q2R_mult, !real_abs. reflexivity.
Qed.

(* Short names for the numbers of a problem. *)
Definition site_of (y r t : Q) : rational_site :=
  {| q_center := y; q_radius := r; q_target := t |}.
Definition point_of (x mu y : Q) : rational_point :=
  {| q_place := x; q_multiplier := mu; q_value_at := y |}.
Definition network_of (bends : list (Q * Q)) (v c : Q) : rational_network :=
  {| q_neurons := map (fun k => {| q_inner := 1; q_bias := - fst k; q_outer := snd k |}) bends;
     q_skip := v; q_offset := c |}.

Open Scope Q_scope.
